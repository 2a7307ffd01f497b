#include "dump/writer.h"

#include <map>
#include <utility>

#include "archive/copy_text.h"
#include "archive/sql_file_name.h"
#include "dump/csv_file.h"
#include "util/fault.h"
#include "util/files.h"
#include "util/text.h"

namespace dump {
namespace {

constexpr std::string_view kArchiveName = "full_backup.dump";

class Writer {
 public:
  Writer(const WriterOptions& options, const Plan& plan, Work& work, const std::stop_token& stop);
  Written run();

 private:
  const archive::TocEntry& entry(int dump_id) const { return *entries_.at(dump_id); }
  void write_table(std::size_t table);
  void write_rows(std::size_t table, const Part& part, CsvFile* csv);
  void write_large_objects();
  void write_index();
  void write_large_object(const Part& part);

  const WriterOptions& options_;
  const Plan& plan_;
  Work& work_;
  const std::stop_token& stop_;
  std::map<int, const archive::TocEntry*> entries_;
  std::vector<std::string> csv_names_;
  archive::PieceRecord piece_;  // as far as it is written
  const std::string sql_name_;
  archive::CustomFileWriter archive_;
  std::optional<archive::SqlFileWriter> sql_;
  Written written_;
  std::vector<archive::FileRecord> csv_files_;
};

Writer::Writer(const WriterOptions& options, const Plan& plan, Work& work,
               const std::stop_token& stop)
    : options_(options),
      plan_(plan),
      work_(work),
      stop_(stop),
      sql_name_(archive::sql_file_name(plan.toc.compression)),
      archive_(options.directory / kArchiveName, plan.toc) {
  for (const archive::TocEntry& one : plan.toc.entries) entries_[one.dump_id] = &one;
  if (options.sql) sql_.emplace(options.directory / sql_name_, plan.toc, options.sql_options);
  if (!options.csv) return;
  std::vector<archive::TableName> names;
  for (const scan::Table& table : work.content.tables)
    names.push_back({table.name.schema, table.name.name});
  csv_names_ = archive::csv_file_names(names);
  std::filesystem::create_directory(options.directory / "csv");
  std::filesystem::permissions(options.directory / "csv", std::filesystem::perms::owner_all);
}

Written Writer::run() {
  written_.tables.resize(work_.content.tables.size());
  const std::size_t middle = work_.content.tables.size() / 2;
  for (std::size_t table = 0; table < work_.content.tables.size(); ++table) {
    if (table == middle) util::fault::point("backup.data");
    write_table(table);
  }
  if (work_.content.tables.empty()) util::fault::point("backup.data");
  if (sql_) {
    for (const int id : plan_.sequence_ids) sql_->statement(entry(id));
  }
  if (sql_) {
    for (const int id : plan_.group_ids) sql_->statement(entry(id));
  }
  if (plan_.large_objects_id != 0) write_large_objects();
  write_index();
  written_.files.push_back({.name = std::string(kArchiveName),
                            .bytes = 0,
                            .sha256 = archive_.finish(),
                            .description = "archive for pg_restore"});
  written_.files.back().bytes = std::filesystem::file_size(options_.directory / kArchiveName);
  if (sql_) {
    written_.files.push_back({.name = sql_name_,
                              .bytes = 0,
                              .sha256 = sql_->finish(),
                              .description = "SQL script for psql"});
    written_.files.back().bytes = std::filesystem::file_size(options_.directory / sql_name_);
  }
  std::move(csv_files_.begin(), csv_files_.end(), std::back_inserter(written_.files));
  return std::move(written_);
}

void Writer::write_table(std::size_t table) {
  const int id = plan_.table_ids[table];
  std::optional<CsvFile> csv;
  if (options_.csv) {
    csv.emplace(options_.directory, util::cat("csv/", csv_names_[table]),
                work_.content.tables[table].columns);
  }
  archive_.begin_table(id);
  if (sql_) sql_->begin_table(entry(id));
  for (const std::size_t slot : work_.table_slots[table]) {
    while (const std::optional<Part> part = work_.window.next(slot, stop_)) {
      write_rows(table, *part, csv ? &*csv : nullptr);
    }
  }
  archive_.end_table();
  if (sql_) sql_->end_table();
  if (!csv) return;
  WrittenTable& record = written_.tables[table];
  record.csv_raw_bytes = csv->raw_bytes();
  csv_files_.push_back(csv->finish());
  csv_files_.back().description = util::cat("rows of ", work_.content.tables[table].name.display());
  record.csv_file = csv_files_.back().name;
}

void Writer::write_rows(std::size_t table, const Part& part, CsvFile* csv) {
  WrittenTable& record = written_.tables[table];
  const std::uint64_t dump_offset = archive_.write_piece(part.text);
  const std::uint64_t sql_offset = sql_ ? sql_->write_piece(part.text) : 0;
  if (csv != nullptr) csv->write_piece(part.csv);
  archive::PieceRecord& piece = piece_;
  if (piece.deflated_bytes == 0) {
    piece.dump_offset = dump_offset;
    piece.sql_offset = sql_offset;
  }
  piece.deflated_bytes += part.text.deflated.size();
  if (part.goes_on) return;
  piece.rows = part.rows;
  piece.raw_bytes = part.text.raw_bytes;
  piece.crc32 = part.text.crc32;
  record.raw_bytes += piece.raw_bytes;
  record.pieces.push_back(std::exchange(piece, {}));
}

void Writer::write_large_objects() {
  archive_.begin_large_objects(plan_.large_objects_id);
  for (const std::size_t slot : work_.object_slots) {
    while (const std::optional<Part> part = work_.window.next(slot, stop_))
      write_large_object(*part);
  }
  archive_.end_large_objects();
}

void Writer::write_index() {
  std::vector<archive::TableRecord> tables;
  for (std::size_t n = 0; n < written_.tables.size(); ++n) {
    const scan::Table& table = work_.content.tables[n];
    archive::TableRecord& record = tables.emplace_back();
    record.schema = table.name.schema;
    record.table = table.name.name;
    record.dump_id = plan_.table_ids[n];
    record.columns = table.columns;
    record.pieces = written_.tables[n].pieces;
  }
  archive_.write_index(std::move(tables));
}

void Writer::write_large_object(const Part& part) {
  if (part.begins) {
    archive_.begin_large_object(part.large_object);
    if (sql_) sql_->begin_large_object(part.large_object);
  }
  if (part.text.raw_bytes > 0) archive_.write_piece(part.text);
  if (sql_ && !part.raw.empty()) sql_->large_object_bytes(part.raw);
  if (part.ends) {
    archive_.end_large_object();
    if (sql_) sql_->end_large_object();
  }
}

}  // namespace

Written write_all(const WriterOptions& options, const Plan& plan, Work& work,
                  const std::stop_token& stop) {
  return Writer(options, plan, work, stop).run();
}

}  // namespace dump
