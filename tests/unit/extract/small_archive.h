// An archive of two tables in recorded pieces, as a backup has it, without a server.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "archive/copy_text.h"
#include "archive/custom_file.h"
#include "archive/manifest.h"
#include "codec/piece_format.h"
#include "extract/extract.h"
#include "util/files.h"
#include "util/text.h"

namespace extract::test {

class SmallArchive {
 public:
  static constexpr int kRows = 100;  // of a piece
  static constexpr int kPieces = 5;  // of "app"."Odd table"

  explicit SmallArchive(codec::Method method = codec::Method::Deflate) {
    archive::Toc toc = contents();
    if (method == codec::Method::Zstd) {
      toc.version = {1, 15};
      toc.compression = archive::Compression::Zstd;
    }
    archive::CustomFileWriter writer(archive_path(), toc);
    util::WriteFile sql(sql_path());
    sql.write("not at the start");
    archive::TableRecord odd{.schema = "app", .table = "Odd table", .dump_id = 20};
    odd.csv_file = "app.Odd table.csv.gz";
    std::string csv = "id,\"Name, full\",note\n";
    writer.begin_table(20);
    for (int n = 0; n < kPieces; ++n) {
      std::string rows;
      for (int row = n * kRows; row < (n + 1) * kRows; ++row) {
        rows += line(row) + "\n";
        archive::append_csv_row(csv, line(row), 3);
      }
      const codec::Piece piece = codec::pack_piece(rows, {.method = method});
      odd.pieces.push_back({.rows = kRows,
                            .raw_bytes = rows.size(),
                            .deflated_bytes = piece.deflated.size(),
                            .dump_offset = writer.write_piece(piece),
                            .sql_offset = sql.position(),
                            .crc32 = piece.crc32});
      sql.write(piece.deflated);
    }
    writer.end_table();
    writer.begin_table(21);
    writer.write_piece(codec::pack_piece("1\tone\n", {.method = method}));
    writer.end_table();
    writer.write_index({odd});
    writer.finish();
    sql.close();
    write_csv(csv);
    odd.columns = {"id", "Name, full", "note"};
    manifest.encoding = "UTF8";
    manifest.tables = {odd, archive::TableRecord{.schema = "app", .table = "plain", .dump_id = 21}};
  }

  // Row `n` as COPY text: id, name, note.
  static std::string line(int n) {
    return util::cat(n, "\t", n % 7 == 0 ? std::string("\\N") : util::cat("name ", n % 10), "\t",
                     n % 5 == 0 ? "" : "it's \\\\a \\t \"note\"");
  }

  std::filesystem::path archive_path() const { return folder_.path() / "full_backup.dump"; }
  std::filesystem::path sql_path() const { return folder_.path() / "full_backup.sql.gz"; }
  std::filesystem::path csv_path() const { return folder_.path() / "app.Odd table.csv.gz"; }
  void write_csv(std::string_view text) const {
    const codec::Piece piece = codec::deflate_piece(text);
    codec::StreamSum sum;
    sum.append(piece);
    std::filesystem::remove(csv_path());
    util::WriteFile csv(csv_path());
    csv.write(codec::kGzipHeader);
    csv.write(piece.deflated);
    csv.write(codec::kFinalBlock);
    csv.write(codec::gzip_trailer(sum));
    csv.close();
  }
  const std::filesystem::path& folder() const { return folder_.path(); }
  Options options(Query query) const {
    return {.source = {.archive = archive_path(), .manifest = &manifest, .sql = sql_path()},
            .query = std::move(query),
            .folder = {},
            .jobs = 3};
  }
  void flip(const std::filesystem::path& path, std::uint64_t offset) const {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const int byte = file.get();
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(static_cast<char>(byte ^ 0x10));
  }

  archive::Manifest manifest;

 private:
  static archive::TocEntry entry(int id, std::string desc, std::string tag,
                                 archive::Section section, std::string definition) {
    archive::TocEntry made;
    made.dump_id = id;
    made.desc = std::move(desc);
    made.tag = std::move(tag);
    made.schema = "app";
    made.section = section;
    if (!definition.empty()) made.definition = std::move(definition);
    return made;
  }
  static archive::TocEntry data(int id, std::string table, std::string copy, int table_id) {
    archive::TocEntry made = entry(id, "TABLE DATA", std::move(table), archive::Section::Data, "");
    made.has_data = true;
    made.copy = std::move(copy);
    made.dependencies = {table_id};
    return made;
  }
  static archive::Toc contents() {
    using archive::Section;
    archive::Toc toc;
    toc.database = "shop";
    toc.entries = {
        entry(1, "ENCODING", "ENCODING", Section::PreData, "SET client_encoding = 'UTF8';\n"),
        entry(10, "TABLE", "Odd table", Section::PreData, "CREATE TABLE …;\n"),
        entry(11, "TABLE", "plain", Section::PreData, "CREATE TABLE …;\n"),
        entry(12, "TABLE", "root", Section::PreData, "CREATE TABLE … PARTITION BY …;\n"),
        entry(13, "SEQUENCE", "Odd table_id_seq", Section::PreData,
              "ALTER TABLE app.\"Odd table\" ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (\n"
              "    SEQUENCE NAME app.\"Odd table_id_seq\"\n);\n"),
        data(20, "Odd table", "COPY app.\"Odd table\" (id, \"Name, full\", note) FROM stdin;\n",
             10),
        data(21, "plain", "COPY app.plain (a, b) FROM stdin;\n", 11),
        entry(
            30, "CONSTRAINT", "Odd table Odd table_pkey", Section::PostData,
            "ALTER TABLE ONLY app.\"Odd table\"\n    ADD CONSTRAINT \"Odd table_pkey\" PRIMARY KEY "
            "(id);\n"),
        entry(31, "CONSTRAINT", "plain plain_pkey", Section::PostData,
              "ALTER TABLE ONLY app.plain\n    ADD CONSTRAINT plain_pkey PRIMARY KEY (b, a) "
              "DEFERRABLE;\n")};
    archive::TocEntry attach =
        entry(14, "TABLE ATTACH", "plain", Section::PreData, "ALTER TABLE ONLY app.root …;\n");
    attach.dependencies = {11, 12};
    toc.entries.insert(toc.entries.begin() + 4, attach);
    return toc;
  }

  util::TempDir folder_{"pgbelay-extract-"};
};

}  // namespace extract::test
