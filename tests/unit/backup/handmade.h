// A backup of two small tables and a large object, made without a server: what run() would publish.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "archive/copy_text.h"
#include "archive/custom_file.h"
#include "archive/manifest.h"
#include "archive/sql_file.h"
#include "archive/sql_file_name.h"
#include "backup/backup.h"
#include "codec/sha256.h"
#include "util/files.h"
#include "util/text.h"

namespace backup {

inline archive::TocEntry handmade_entry(int id, std::string desc, std::string tag,
                                        archive::Section section) {
  archive::TocEntry entry;
  entry.dump_id = id;
  entry.tag = std::move(tag);
  entry.desc = std::move(desc);
  entry.section = section;
  entry.schema = "public";
  entry.owner = "postgres";
  return entry;
}

inline archive::TocEntry handmade_data(int id, const std::string& table, int depends_on) {
  archive::TocEntry entry = handmade_entry(id, "TABLE DATA", table, archive::Section::Data);
  entry.copy = util::cat("COPY public.", table, " (a) FROM stdin;\n");
  entry.has_data = true;
  entry.dependencies = {depends_on};
  return entry;
}

inline archive::Toc handmade_toc(codec::Method method) {
  archive::Toc toc;
  if (method == codec::Method::Zstd) {
    toc.version = {1, 15};
    toc.compression = archive::Compression::Zstd;
  }
  toc.entries = {handmade_entry(1, "TABLE", "big", archive::Section::PreData),
                 handmade_entry(2, "TABLE", "empty", archive::Section::PreData),
                 handmade_data(11, "big", 1), handmade_data(12, "empty", 2),
                 handmade_entry(13, "BLOBS", "BLOBS", archive::Section::Data)};
  for (std::size_t n = 0; n < 2; ++n)
    toc.entries[n].definition = "CREATE TABLE public.t (a text);\n";
  toc.entries.back().has_data = true;
  return toc;
}

// Rows with quotes and newlines, in pieces of a thousand.
class Handmade {
 public:
  explicit Handmade(std::filesystem::path path, codec::Method method = codec::Method::Deflate)
      : path_(std::move(path)), method_(method) {
    std::filesystem::create_directories(path_ / "csv");
    write_data();
    write_manifest();
  }
  const std::filesystem::path& path() const noexcept { return path_; }
  archive::Manifest manifest;

  // manifest.json and SHA256SUMS anew, for a manifest that a test has changed.
  void write_manifest() {
    const std::string json = archive::to_json(manifest);
    std::vector<archive::FileRecord> files = manifest.files;
    files.push_back({"manifest.json", json.size(), codec::sha256_of(json), ""});
    std::ofstream(path_ / "manifest.json") << json;
    std::ofstream(path_ / "SHA256SUMS") << archive::sha256sums(files);
  }

 private:
  static constexpr int kPieces = 3;
  static constexpr int kRows = 1000;  // of a piece

  void write_data() {
    const archive::Toc toc = handmade_toc(method_);
    const std::string sql_name(archive::sql_file_name(toc.compression));
    archive::CustomFileWriter dump(path_ / "full_backup.dump", toc);
    archive::SqlFileWriter sql(path_ / sql_name, toc, {});
    std::string csv = archive::csv_header({"a"});
    archive::TableRecord big{.schema = "public", .table = "big", .dump_id = 11, .columns = {"a"}};
    dump.begin_table(11);
    sql.begin_table(toc.entries[2]);
    for (int n = 0; n < kPieces; ++n) big.pieces.push_back(write_piece(n, dump, sql, csv, big));
    dump.end_table();
    sql.end_table();
    archive::TableRecord empty{
        .schema = "public", .table = "empty", .dump_id = 12, .columns = {"a"}};
    dump.begin_table(12);
    sql.begin_table(toc.entries[3]);
    dump.end_table();
    sql.end_table();
    write_large_object(dump, sql);
    dump.write_index({big, empty});
    add_file("full_backup.dump", dump.finish());
    add_file(sql_name, sql.finish());
    write_csv("csv/public.big.csv.gz", csv, big);
    write_csv("csv/public.empty.csv.gz", archive::csv_header({"a"}), empty);
    manifest.tables = {big, empty};
    manifest.formats = {"dump", "sql", "csv"};
    manifest.name = path_.filename().string();
    manifest.database = "handmade";
    manifest.created_at = "2026-11-20T14:30:52.000Z";
    manifest.encoding = "UTF8";
  }

  archive::PieceRecord write_piece(int n, archive::CustomFileWriter& dump,
                                   archive::SqlFileWriter& sql, std::string& csv,
                                   archive::TableRecord& table) {
    std::string text;
    for (int row = 0; row < kRows; ++row) {
      const std::string line = util::cat("row \"", n * kRows + row, "\"\\n, and more");
      text += line + "\n";
      archive::append_csv_row(csv, line, 1);
      table.fingerprint.add_row(std::as_bytes(std::span(line)));
    }
    const codec::Piece piece = codec::pack_piece(text, {.method = method_});
    table.raw_bytes += text.size();
    return {.rows = kRows,
            .raw_bytes = text.size(),
            .deflated_bytes = piece.deflated.size(),
            .dump_offset = dump.write_piece(piece),
            .sql_offset = sql.write_piece(piece),
            .crc32 = piece.crc32};
  }

  void write_large_object(archive::CustomFileWriter& dump, archive::SqlFileWriter& sql) {
    const std::string content = "large";
    dump.begin_large_objects(13);
    dump.begin_large_object(77);
    dump.write_piece(codec::pack_piece(content, {.method = method_}));
    dump.end_large_object();
    dump.end_large_objects();
    sql.begin_large_object(77);
    sql.large_object_bytes(std::as_bytes(std::span(content)));
    sql.end_large_object();
    manifest.large_objects = {{77, "postgres", "", "", content.size(), codec::sha256_of(content)}};
  }

  void write_csv(const std::string& name, const std::string& text, archive::TableRecord& table) {
    const codec::Piece piece = codec::deflate_piece(text);
    codec::StreamSum sum;
    sum.append(piece);
    util::WriteFile file(path_ / name);
    file.write(codec::kGzipHeader);
    file.write(piece.deflated);
    file.write(codec::kFinalBlock);
    file.write(codec::gzip_trailer(sum));
    file.close();
    table.csv_file = name;
    table.csv_raw_bytes = text.size();
    add_file(name, codec::sha256_of_file(path_ / name));
  }

  void add_file(const std::string& name, const std::string& sha256) {
    manifest.files.push_back({name, std::filesystem::file_size(path_ / name), sha256, ""});
  }

  std::filesystem::path path_;
  codec::Method method_;
};

}  // namespace backup
