// Level `read-back`: everything is read as a restore would read it, on all cores. A big table is
// cut at its recorded pieces, which are whole rows and inflate on their own.
#include "backup/read_back.h"

#include <algorithm>
#include <map>
#include <memory>

#include "archive/piece_index.h"
#include "archive/sql_file_name.h"
#include "backup/backup.h"
#include "backup/files.h"
#include "util/error.h"
#include "util/text.h"

namespace backup {
namespace {

constexpr std::uint64_t kJobBytes = 16U << 20U;  // of COPY text

class ReadBackRun {
 public:
  ReadBackRun(const Backup& backup, std::size_t threads, util::Reporter& reporter,
              std::stop_token stop)
      : backup_(backup), threads_(threads), reporter_(reporter), stop_(std::move(stop)) {}

  std::vector<archive::Finding> run() {
    if (!open()) return findings_.take();
    check_contents();
    check_index();
    run_jobs(data_jobs(), threads_, findings_, progress(), stop_);
    finish();
    return findings_.take();
  }

 private:
  const archive::Manifest& manifest() const { return backup_.manifest; }
  std::function<void(std::uint64_t, std::uint64_t)> progress() {
    return [this](std::uint64_t done, std::uint64_t total) {
      reporter_.progress("read back", done, total);
    };
  }
  bool has(std::string_view format) const {
    const std::vector<std::string>& formats = manifest().formats;
    return std::find(formats.begin(), formats.end(), format) != formats.end();
  }
  bool open();
  // What `open` throws for a file that is damaged or gone becomes a finding.
  void open_file(const std::string& file, const std::function<void()>& open);
  void check_contents();
  void check_index();
  std::vector<Job> data_jobs();
  void add_piece_jobs(std::size_t table, std::vector<Job>& jobs);
  void finish();

  const Backup& backup_;
  std::size_t threads_;
  util::Reporter& reporter_;
  std::stop_token stop_;
  Findings findings_;
  std::unique_ptr<archive::CustomFileReader> archive_;
  std::unique_ptr<util::ReadFile> archive_bytes_;
  std::unique_ptr<util::ReadFile> sql_;
  std::map<int, const archive::TocEntry*> entries_;
  std::vector<TableRead> reads_;
};

// False: the archive is missing or its contents cannot be parsed; there is nothing to look at.
bool ReadBackRun::open() {
  const std::string sql_name(archive::sql_file_name(manifest()));
  if (has("sql")) {
    open_file(sql_name, [&] { sql_ = std::make_unique<util::ReadFile>(backup_.path / sql_name); });
  }
  open_file(std::string(kArchiveName), [this] {
    archive_bytes_ = std::make_unique<util::ReadFile>(backup_.archive_path());
    archive_ = std::make_unique<archive::CustomFileReader>(backup_.archive_path());
  });
  if (!archive_) return false;
  for (const archive::TocEntry& entry : archive_->toc().entries) entries_[entry.dump_id] = &entry;
  return true;
}

void ReadBackRun::open_file(const std::string& file, const std::function<void()>& open) {
  try {
    open();
  } catch (const util::Error& failure) {
    const bool gone = !std::filesystem::exists(backup_.path / file);
    if (failure.kind() != util::Kind::Damage && !gone) throw;
    archive::Finding finding;
    finding.code = gone ? "missing-file" : "unreadable";
    finding.file = file;
    finding.text = failure.message();
    findings_.add(std::move(finding));
  }
}

// Each table of the manifest has its data entry, and no data entry is without a table.
void ReadBackRun::check_contents() {
  std::map<int, bool> expected;
  for (const archive::TableRecord& table : manifest().tables) {
    const auto found = entries_.find(table.dump_id);
    const bool fits = found != entries_.end() && found->second->desc == "TABLE DATA" &&
                      found->second->tag == table.table && found->second->schema == table.schema;
    expected[table.dump_id] = true;
    if (!fits) {
      findings_.add(
          table_damage(table, "contents", kArchiveName,
                       util::cat("the contents have no entry ", table.dump_id, " with its data")));
    }
  }
  for (const auto& [id, entry] : entries_) {
    if (!entry->has_data || entry->desc != "TABLE DATA" || expected.contains(id)) continue;
    archive::Finding finding;
    finding.code = "contents";
    finding.file = kArchiveName;
    finding.table = util::cat(entry->schema.value_or(""), ".", entry->tag);
    finding.text = util::cat("entry ", id, " holds rows of ", util::printable(finding.table),
                             ", of which the manifest knows nothing");
    findings_.add(std::move(finding));
  }
}

// What the archive's own index says of the pieces is what the manifest says. Archives of earlier
// versions have none.
void ReadBackRun::check_index() {
  if (findings_.any()) return;  // the contents are not those of the manifest either
  const std::optional<archive::PieceIndex> index =
      archive::read_piece_index(backup_.archive_path());
  if (!index) return;
  const auto same = [](const archive::TableRecord& a, const archive::TableRecord& b) {
    return a.dump_id == b.dump_id && a.schema == b.schema && a.table == b.table &&
           a.columns == b.columns && a.pieces == b.pieces;
  };
  if (std::ranges::equal(index->tables, manifest().tables, same)) return;
  archive::Finding finding;
  finding.code = "contents";
  finding.file = kArchiveName;
  finding.text = util::cat(kArchiveName, ": its index of pieces is not that of the manifest");
  findings_.add(std::move(finding));
}

void ReadBackRun::add_piece_jobs(std::size_t number, std::vector<Job>& jobs) {
  const archive::TableRecord& table = manifest().tables[number];
  TableRead& read = reads_[number];
  const auto entry = entries_.find(table.dump_id);
  if (table.pieces.empty() && entry != entries_.end()) {
    jobs.push_back({std::string(kArchiveName), util::cat(table.schema, ".", table.table),
                    table.raw_bytes, [this, entry, &table, &read] {
                      read_stream(*archive_, *entry->second, table, read, findings_);
                    }});
  }
  read.pieces.resize(table.pieces.size());
  for (std::size_t begin = 0; begin < table.pieces.size();) {
    std::uint64_t bytes = 0;
    std::size_t end = begin;
    while (end < table.pieces.size() &&
           (end == begin || bytes + table.pieces[end].raw_bytes <= kJobBytes)) {
      bytes += table.pieces[end++].raw_bytes;
    }
    jobs.push_back({std::string(kArchiveName), util::cat(table.schema, ".", table.table), bytes,
                    [this, &table, &read, begin, end] {
                      read_pieces(*archive_, sql_.get(), table, begin, end, read, findings_);
                    }});
    begin = end;
  }
}

// The longest first: a CSV file and the large objects are one stream each.
std::vector<Job> ReadBackRun::data_jobs() {
  std::vector<Job> jobs;
  reads_.resize(manifest().tables.size());
  for (std::size_t n = 0; n < manifest().tables.size(); ++n) {
    const archive::TableRecord& table = manifest().tables[n];
    add_piece_jobs(n, jobs);
    if (table.csv_file.empty()) continue;
    jobs.push_back({table.csv_file, util::cat(table.schema, ".", table.table), table.csv_raw_bytes,
                    [this, &table] { check_csv(backup_, table, findings_); }});
  }
  const auto objects = std::find_if(entries_.begin(), entries_.end(), [](const auto& entry) {
    return entry.second->desc == "BLOBS";
  });
  if (objects != entries_.end()) {
    std::uint64_t bytes = 0;
    for (const archive::LargeObjectRecord& object : manifest().large_objects) bytes += object.bytes;
    jobs.push_back({std::string(kArchiveName), "", bytes, [this, entry = objects->second] {
                      check_large_objects(*archive_, *entry, manifest(), findings_);
                    }});
  }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.bytes > b.bytes; });
  return jobs;
}

void ReadBackRun::finish() {
  std::vector<Job> jobs;
  for (std::size_t n = 0; n < manifest().tables.size(); ++n) {
    const archive::TableRecord& table = manifest().tables[n];
    if (!reads_[n].damaged()) compare_table(table, reads_[n], findings_);
    const auto entry = entries_.find(table.dump_id);
    if (entry == entries_.end() || table.pieces.empty()) continue;
    jobs.push_back({std::string(kArchiveName), util::cat(table.schema, ".", table.table), 0,
                    [this, entry, &table, n] {
                      check_frame(*archive_bytes_, archive::piece_method(archive_->toc()),
                                  *entry->second, table, reads_[n], findings_);
                    }});
  }
  if (sql_ &&
      !findings_.any()) {  // its checksum is made of the pieces', which must be right for that
    jobs.push_back(
        {name_of(*sql_), "", 0, [this] { check_sql_frame(*sql_, manifest(), reads_, findings_); }});
  }
  if (manifest().large_objects.empty() !=
      std::none_of(entries_.begin(), entries_.end(),
                   [](const auto& e) { return e.second->desc == "BLOBS"; })) {
    archive::Finding finding;
    finding.code = "contents";
    finding.file = kArchiveName;
    finding.text = "manifest and contents do not agree whether there are large objects";
    findings_.add(std::move(finding));
  }
  run_jobs(
      std::move(jobs), threads_, findings_, [](std::uint64_t, std::uint64_t) {}, stop_);
}

}  // namespace

std::vector<archive::Finding> read_back(const Backup& backup, std::size_t jobs,
                                        util::Reporter& reporter, std::stop_token stop) {
  return ReadBackRun(backup, jobs, reporter, std::move(stop)).run();
}

}  // namespace backup
