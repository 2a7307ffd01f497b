#include <algorithm>
#include <optional>
#include <system_error>

#include "archive/copy_text.h"
#include "archive/custom_file.h"
#include "archive/identifiers.h"
#include "archive/sql_file_name.h"
#include "compare/foreign_keys.h"
#include "compare/side.h"
#include "extract/batches.h"
#include "extract/statements.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "util/workers.h"

namespace compare {
namespace {

using util::cat;
using util::Error;
using util::Kind;

pg::QualifiedName name_of(const archive::TableRecord& record) {
  if (record.loaded_through.empty()) return {record.schema, record.table};
  // schema.table as they are; the partitions are nearly always in the same schema.
  const std::string& root = record.loaded_through;
  const std::size_t dot =
      root.starts_with(cat(record.schema, ".")) ? record.schema.size() : root.find('.');
  return {root.substr(0, dot), root.substr(dot + 1)};
}

void add_part(Contents& contents, const archive::TableRecord& record, std::size_t number) {
  Table& table = contents.tables[name_of(record)];
  const bool first = table.parts.empty();
  table.name = name_of(record);
  table.partitioned = !record.loaded_through.empty();
  table.columns = record.columns;
  table.generated = record.generated_columns;
  if (first) table.rows_sum.emplace();
  if (first && !record.generated_columns.empty()) table.generated_sum.emplace();
  *table.rows_sum += record.fingerprint;
  if (table.generated_sum) *table.generated_sum += record.generated;
  table.bytes += record.raw_bytes;
  table.parts.push_back(number);
}

Contents contents_of(const archive::Manifest& manifest) {
  Contents contents;
  for (std::size_t n = 0; n < manifest.tables.size(); ++n)
    add_part(contents, manifest.tables[n], n);
  for (const archive::SequenceRecord& sequence : manifest.sequences)
    contents.sequences[{sequence.schema, sequence.name}] = {sequence.last_value,
                                                            sequence.is_called};
  for (const archive::LargeObjectRecord& object : manifest.large_objects) {
    contents.large_objects[object.oid] = {
        .bytes = object.bytes,
        .sha256 = object.sha256,
        .owner = object.owner,
        .privileges = privileges_of_large_object(object.owner, object.acl),
        .comment = object.comment};
  }
  for (const archive::ObjectRecord& object : manifest.objects)
    contents.objects.push_back({object.type, object.identity});
  std::sort(contents.objects.begin(), contents.objects.end());
  return contents;
}

// Takes a row's fields in another order.
class Reorder {
 public:
  Reorder(const std::vector<std::string>& from, const std::vector<std::string>& to) {
    if (from == to) return;
    for (const std::string& column : to) {
      const auto at = std::find(from.begin(), from.end(), column);
      PGBELAY_ASSERT(at != from.end());
      fields_.push_back(static_cast<std::size_t>(at - from.begin()));
    }
  }
  std::string_view operator()(std::string_view row) {
    if (fields_.empty()) return row;
    archive::split_row(row, split_);
    out_.clear();
    for (const std::size_t field : fields_) {
      if (field >= split_.size()) throw Error(Kind::Damage, "a row has too few fields");
      out_ += split_[field];
      out_ += '\t';
    }
    out_.pop_back();
    return out_;
  }

 private:
  std::vector<std::size_t> fields_;
  std::vector<std::string_view> split_;
  std::string out_;
};

class BackupSide : public Side {
 public:
  BackupSide(backup::Backup backup, const SideOptions& options, util::Reporter& reporter)
      : backup_(std::move(backup)),
        workers_(workers_of(options)),
        reporter_(reporter),
        contents_(contents_of(backup_.manifest)) {}

  std::string display() const override { return cat("backup ", backup_.manifest.name); }
  std::string encoding() const override { return backup_.manifest.encoding; }
  std::size_t workers() const override { return workers_; }
  const Contents& contents() override { return contents_; }

  void read(const Table& table, const std::vector<std::string>& columns, const RowSink& sink,
            const std::stop_token& stop) override {
    for (const std::size_t part : table.parts) {
      const archive::TableRecord& record = backup_.manifest.tables[part];
      if (record.fingerprint.rows > 0) read_part(record, columns, sink, stop);
    }
  }

  codec::Fingerprint sum_generated(const Table& table, const std::vector<std::string>&) override {
    return table.generated_sum.value_or(codec::Fingerprint{});
  }

  std::vector<std::string> primary_key(const Table& table) override {
    const archive::TocEntry* const entry = entry_of(backup_.manifest.tables[table.parts.front()]);
    if (entry == nullptr) return {};
    std::optional<archive::CopyStatement> copy = archive::parse_copy(entry->copy.value_or(""));
    if (!copy) return {};
    const extract::Table wanted{.schema = table.name.schema,
                                .name = table.name.name,
                                .entry = entry,
                                .record = nullptr,
                                .copy = *std::move(copy)};
    return extract::primary_key_columns(opened().toc(), wanted);
  }

  ForeignKeys foreign_keys() override { return foreign_keys_of(opened().toc()); }

 private:
  // Only now: what the manifest knows needs no other file.
  const archive::CustomFileReader& opened() {
    if (!archive_) {
      archive_.emplace(backup_.archive_path());
      pieces_.emplace(backup_.archive_path());
    }
    std::error_code absent;
    const std::filesystem::path sql = backup_.path / archive::sql_file_name(backup_.manifest);
    if (!sql_ && std::filesystem::exists(sql, absent)) sql_.emplace(sql);
    return *archive_;
  }

  const archive::TocEntry* entry_of(const archive::TableRecord& record) {
    return opened().toc().find(record.dump_id);
  }

  void read_part(const archive::TableRecord& record, const std::vector<std::string>& columns,
                 const RowSink& sink, const std::stop_token& stop) {
    const extract::Table table{.schema = record.schema,
                               .name = record.table,
                               .entry = entry_of(record),
                               .record = &record,
                               .copy = {}};
    const std::unique_ptr<extract::Batches> batches = extract::batches_of_pieces(
        {.archive = &*pieces_, .sql = sql_ ? &*sql_ : nullptr, .folder = backup_.path}, table);
    util::run_workers(workers_, stop, [&](std::size_t worker, const std::stop_token& stopped) {
      extract::BatchMemory memory;
      Reorder reorder(record.columns, columns);
      while (!stopped.stop_requested()) {
        const std::optional<extract::Batch> batch = batches->take(memory);
        if (!batch) return;
        if (batch->note) reporter_.warning(*batch->note);
        if (batch->loss) {
          throw Error(Kind::Damage,
                      cat("backup ", backup_.manifest.name,
                          " is damaged: ", util::printable(batch->loss->text)),
                      {.hint = "pgbelay verify tells of all damage; pgbelay extract gives what can "
                               "be read.",
                       .sqlstate = {}});
        }
        give(batch->rows, worker, reorder, sink);
      }
    });
    util::throw_if_stopped(stop);
  }

  static void give(std::string_view rows, std::size_t worker, Reorder& reorder,
                   const RowSink& sink) {
    while (!rows.empty()) {
      const std::size_t end = std::min(rows.find('\n'), rows.size() - 1);
      sink(worker, reorder(rows.substr(0, end)));
      rows.remove_prefix(end + 1);
    }
  }

  const backup::Backup backup_;
  const std::size_t workers_;
  util::Reporter& reporter_;
  const Contents contents_;
  std::optional<archive::CustomFileReader> archive_;
  std::optional<util::ReadFile> pieces_;  // its file
  std::optional<util::ReadFile> sql_;
};

}  // namespace

std::unique_ptr<Side> open_backup(backup::Backup backup, const SideOptions& options,
                                  util::Reporter& reporter) {
  return std::make_unique<BackupSide>(std::move(backup), options, reporter);
}

}  // namespace compare
