#include "verify/early.h"

#include <algorithm>
#include <optional>

#include "scan/table.h"
#include "util/error.h"
#include "util/mutex.h"
#include "verify/reading.h"
#include "verify/sql_early.h"

namespace verify {
namespace {

constexpr int kCountsAreExact = 15;
constexpr std::uint64_t kRawBytesPerPart = 32U << 20U;  // of COPY text: about a chunk of the table

// Rows of an extension's table are not all ours, rows loaded through a partitioned table may be in
// another partition, and huge ones are not read by several at once.
bool worth_reading(const archive::TableRecord& record) {
  return record.filter.empty() && record.loaded_through.empty() && record.fingerprint.rows > 0 &&
         !has_huge_rows(record);
}

}  // namespace

// One table in parts, each read by whoever comes: the first to come looks at how it is cut.
class EarlyReading::Table {
 public:
  explicit Table(const archive::TableRecord& record)
      : record_(record), parts_(record.raw_bytes / kRawBytesPerPart + 1), open_parts_(parts_) {}

  int data_entry() const { return record_.dump_id; }
  std::size_t parts() const { return parts_; }

  void read_part(pg::Connection& connection, std::size_t part) {
    try {
      const std::vector<scan::PageRange> ranges = cut(connection);
      codec::Fingerprint sum;
      for (std::size_t n = part; n < ranges.size(); n += parts_) {
        sum += scan::fingerprint(connection, name(), record_.columns, "", ranges[n]);
      }
      const util::Lock lock(mutex_);
      sum_ += sum;
      --open_parts_;
    } catch (const util::Error& failure) {
      // Whatever is wrong with the table is found, and told, by the reading after the load.
      if (failure.kind() != util::Kind::Query && failure.kind() != util::Kind::Privilege) throw;
    }
  }

  // Its OID, if all of it was read and is what it was in the backup.
  std::optional<std::uint32_t> right() {
    const util::Lock lock(mutex_);
    if (open_parts_ > 0 || !heap_ || !(sum_ == record_.fingerprint)) return std::nullopt;
    return heap_->oid;
  }

  bool untouched(const sql::Touched& touched) {
    const util::Lock lock(mutex_);
    return touched.file_node == heap_->file_node && touched.inserted == sum_.rows &&
           touched.updated == 0 && touched.deleted == 0;
  }

 private:
  pg::QualifiedName name() const { return {record_.schema, record_.table}; }

  std::vector<scan::PageRange> cut(pg::Connection& connection) {
    const util::Lock lock(mutex_);
    if (!ranges_.empty()) return ranges_;
    heap_ = sql::find_table(connection, name());
    ranges_.assign(1, {});
    if (!heap_) return ranges_;
    scan::Table table;
    table.oid = heap_->oid;
    table.name = name();
    table.columns = record_.columns;
    table.heap = heap_->heap;
    table.bytes = heap_->bytes;
    ranges_ = scan::readable_ranges(connection, table);
    return ranges_;
  }

  const archive::TableRecord& record_;
  const std::size_t parts_;
  util::Mutex mutex_;
  std::size_t open_parts_ PGBELAY_GUARDED_BY(mutex_);
  std::optional<sql::Heap> heap_ PGBELAY_GUARDED_BY(mutex_);
  std::vector<scan::PageRange> ranges_ PGBELAY_GUARDED_BY(mutex_);
  codec::Fingerprint sum_ PGBELAY_GUARDED_BY(mutex_);
};

EarlyReading::EarlyReading(const archive::Manifest& manifest, int server_major) {
  if (server_major < kCountsAreExact) return;
  for (const archive::TableRecord& record : manifest.tables) {
    if (worth_reading(record)) tables_.push_back(std::make_unique<Table>(record));
  }
}

EarlyReading::~EarlyReading() = default;

std::vector<load::Inspection> EarlyReading::inspections() {
  std::vector<load::Inspection> out;
  for (const std::unique_ptr<Table>& table : tables_) {
    for (std::size_t part = 0; part < table->parts(); ++part) {
      out.push_back({table->data_entry(), [&table = *table, part](pg::Connection& connection) {
                       table.read_part(connection, part);
                     }});
    }
  }
  return out;
}

std::set<int> EarlyReading::settled(pg::Connection& copy, const std::string& application_name) {
  std::vector<std::uint32_t> oids;
  for (const std::unique_ptr<Table>& table : tables_) {
    if (const std::optional<std::uint32_t> oid = table->right()) oids.push_back(*oid);
  }
  std::set<int> out;
  if (oids.empty()) return out;
  wait_for_end_of_sessions(copy, application_name);
  const std::map<std::uint32_t, sql::Touched> touched = sql::touched(copy, oids);
  for (const std::unique_ptr<Table>& table : tables_) {
    const std::optional<std::uint32_t> oid = table->right();
    const auto found = oid ? touched.find(*oid) : touched.end();
    if (found != touched.end() && table->untouched(found->second)) out.insert(table->data_entry());
  }
  return out;
}

}  // namespace verify
