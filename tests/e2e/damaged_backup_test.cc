// What is left of a backup that lost a file, or a byte of one, is told and given: by its archive
// alone, whose own index says where the rows are, or by the manifest without the archive.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>

#include "archive/custom_file.h"
#include "archive/manifest.h"
#include "archive/piece_index.h"
#include "pg/ident.h"
#include "support/round_trip.h"
#include "util/text.h"

namespace {

namespace fs = std::filesystem;
using test::RoundTrip;
using util::cat;

void flip(const fs::path& file, std::uint64_t offset) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(offset));
  stream.put(static_cast<char>(byte ^ 0xFF));
}

class DamagedBackup : public RoundTrip {
 protected:
  void make_and_back_up(std::string_view name, std::vector<std::string> options) {
    make(name, "", {});
    database().connect().execute(
        "create table big (n int primary key, t text); insert into big select n, md5(n::text) "
        "from generate_series(1, 400000) n; create table \"Odd, (table\" (id int generated always "
        "as identity, \"a b\" text, j jsonb); insert into \"Odd, (table\" (\"a b\", j) values "
        "('tab\there', '{\"a\": 1}'), (null, null); create table none ();"
        "select lo_from_bytea(77, 'first'), lo_from_bytea(78, decode(repeat('00ff17', 40000), "
        "'hex')), lo_from_bytea(79, 'last')");
    back_up(std::move(options));
    manifest_ = archive::manifest_from_json(util::read_text(backup() / "manifest.json"));
  }
  const archive::TableRecord& table(std::string_view name) {
    return *std::ranges::find(manifest_.tables, name, &archive::TableRecord::table);
  }
  fs::path copy() {
    fs::remove_all(folder() / "damaged");
    fs::copy(backup(), folder() / "damaged", fs::copy_options::recursive);
    return folder() / "damaged";
  }
  // By salvage, under a new name.
  void expect_all_restored(const fs::path& from, int status = 8) {
    const std::string name = cat(database().name(), "_saved");
    const test::BinaryResult saved = run({"restore", from.string(), "--salvage", "--to", name});
    EXPECT_EQ(saved.status, status) << saved.out << saved.err;
    EXPECT_EQ(saved.err.find("lost"), std::string::npos) << saved.err;
    pg::Connection connection = server().connect(name);
    EXPECT_EQ(connection.query(std::string(kSummary)).str(0, 0),
              database().connect().query(std::string(kSummary)).str(0, 0));
    drop(name);
  }
  void drop(const std::string& name) {
    server().connect().execute(
        cat("drop database if exists ", pg::quote_ident(name), " with (force)"));
  }

  static constexpr std::string_view kSummary =
      "select concat_ws('|', (select md5(string_agg(b::text, ',' order by n)) from big b), (select "
      "string_agg(o::text, ',' order by id) from \"Odd, (table\" o), (select "
      "string_agg(md5(lo_get(oid)), ',' order by oid) from pg_largeobject_metadata))";
  archive::Manifest manifest_;
};

TEST_F(DamagedBackup, WithoutManifestOrSumsIsReadByItsArchiveAlone) {
  make_and_back_up("no_manifest", {});
  const std::string whole = run({"extract", backup().string(), "--table", "big"}).out;
  ASSERT_GT(whole.size(), 400000U);
  const auto gone = [](const fs::path& file) { fs::remove(file); };
  const auto flipped = [](const fs::path& file) { flip(file, fs::file_size(file) / 2); };
  const std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> kinds{
      {"manifest.json", gone},
      {"manifest.json", flipped},
      {"SHA256SUMS", gone},
      {"SHA256SUMS", flipped}};
  for (std::size_t n = 0; n < kinds.size(); ++n) {
    const auto& [file, harm] = kinds[n];
    SCOPED_TRACE(cat(file, " ", n));
    const fs::path damaged = copy();
    harm(damaged / file);
    const test::BinaryResult verified = run({"verify", damaged.string()});
    EXPECT_EQ(verified.status, 8) << verified.out << verified.err;
    EXPECT_NE((verified.out + verified.err).find(file), std::string::npos) << verified.err;
    EXPECT_NE(verified.err.find("restore --salvage"), std::string::npos) << verified.err;
    const test::BinaryResult restored =
        run({"restore", damaged.string(), "--to", "never_made", "--yes"});
    EXPECT_EQ(restored.status, 8) << restored.err;
    EXPECT_NE(restored.err.find("extract"), std::string::npos) << restored.err;

    const test::BinaryResult rows = run({"extract", damaged.string(), "--table", "big"});
    EXPECT_EQ(rows.status, 8) << rows.err;
    EXPECT_TRUE(rows.out == whole);
    EXPECT_NE(rows.err.find("only its archive was read"), std::string::npos) << rows.err;
    EXPECT_EQ(rows.err.find("lost"), std::string::npos) << rows.err;
    if (n == 0 || n == 3) expect_all_restored(damaged);
  }
  // As if a newer version had made it.
  const fs::path newer = copy();
  const std::string text = util::read_text(newer / "manifest.json");
  std::ofstream(newer / "manifest.json", std::ios::trunc)
      << util::replace_all(text, "\"format\": 1,", "\"format\": 9,");
  const test::BinaryResult rows = run({"extract", newer.string(), "--table", "big"});
  EXPECT_EQ(rows.status, 8) << rows.err;
  EXPECT_TRUE(rows.out == whole);
}

TEST_F(DamagedBackup, ArchiveAloneLosesTheDamagedPieceOnly) {
  make_and_back_up("alone", {});
  const fs::path alone = folder() / "alone.dump";
  fs::copy_file(dump(), alone);
  const test::BinaryResult whole = run({"verify", alone.string()});
  EXPECT_EQ(whole.status, 0) << whole.out << whole.err;
  EXPECT_NE(whole.out.find("own index"), std::string::npos) << whole.out;
  EXPECT_NE(whole.out.find("002 rows"), std::string::npos) << whole.out;

  const archive::PieceRecord& piece = table("big").pieces.at(1);
  flip(alone, piece.dump_offset + piece.deflated_bytes / 2);
  const test::BinaryResult verified = run({"verify", alone.string(), "--json"});
  EXPECT_EQ(verified.status, 8) << verified.err;
  EXPECT_NE(verified.out.find(cat("\"chunk\": 1,\n      \"offset\": ", piece.dump_offset, ",")),
            std::string::npos)
      << verified.out;
  const std::string lost = cat("piece 1 of public.big (", piece.rows, " rows)");
  const test::BinaryResult rows = run({"extract", alone.string(), "--table", "big"});
  EXPECT_EQ(rows.status, 8);
  EXPECT_NE(rows.err.find(lost), std::string::npos) << rows.err;
  EXPECT_EQ(static_cast<std::uint64_t>(std::ranges::count(rows.out, '\n')),
            1 + 400000 - piece.rows);

  const std::string name = cat(database().name(), "_saved");
  const test::BinaryResult saved = run({"restore", alone.string(), "--salvage", "--to", name});
  EXPECT_EQ(saved.status, 8) << saved.err;
  EXPECT_NE(saved.err.find(lost), std::string::npos) << saved.err;
  EXPECT_EQ(server().connect(name).query("select count(*) from big").u64(0, 0),
            400000 - piece.rows);
  drop(name);
}

TEST_F(DamagedBackup, WithoutContentsOrArchiveGivesAllRowsByTheManifest) {
  for (const char* const compress : {"gzip", "zstd"}) {
    if (cat(compress) == "zstd" && server().connect().server_major() < 16) continue;
    make_and_back_up(cat("no_archive_", compress), {"--compress", compress});
    std::vector<std::string> whole;
    const std::vector<std::string> names{"big", "\"Odd, (table\"", "none"};
    for (const std::string& name : names)
      whole.push_back(run({"extract", backup().string(), "--table", name}).out);
    const auto expect_all = [&](const fs::path& damaged, std::string_view why) {
      for (std::size_t n = 0; n < names.size(); ++n) {
        const test::BinaryResult rows = run({"extract", damaged.string(), "--table", names[n]});
        EXPECT_EQ(rows.status, 0) << names[n] << rows.err;
        EXPECT_NE(rows.err.find(why), std::string::npos) << rows.err;
        EXPECT_TRUE(rows.out == whole[n]) << names[n];
      }
      const test::BinaryResult saved =
          run({"restore", damaged.string(), "--salvage", "--to", "never_made"});
      EXPECT_EQ(saved.status, 8);
      EXPECT_NE(saved.err.find("pgbelay extract"), std::string::npos) << saved.err;
    };
    fs::path damaged = copy();
    flip(damaged / "full_backup.dump", 100);  // among the definitions, or lengths
    flip(damaged / "full_backup.dump", 6);    // the version
    expect_all(damaged, "contents that cannot be read");
    fs::remove(damaged / "full_backup.dump");
    expect_all(damaged, "is missing");
    const test::BinaryResult sql =
        run({"extract", damaged.string(), "--table", "\"Odd, (table\"", "--format", "sql"});
    EXPECT_NE(sql.out.find("OVERRIDING SYSTEM VALUE"), std::string::npos) << sql.out << sql.err;
  }
}

TEST_F(DamagedBackup, InArchiveAndSqlFileIsReadFromTheCsv) {
  make_and_back_up("csv", {});
  const std::string whole = run({"extract", backup().string(), "--table", "big"}).out;
  const fs::path damaged = copy();
  for (const std::size_t number : {0U, 1U}) {
    const archive::PieceRecord& piece = table("big").pieces.at(number);
    flip(damaged / "full_backup.dump", piece.dump_offset + piece.deflated_bytes / 2);
    flip(damaged / "full_backup.sql.gz", piece.sql_offset + piece.deflated_bytes / 3);
  }
  const archive::PieceRecord& odd = table("Odd, (table").pieces.at(0);
  flip(damaged / "full_backup.dump", odd.dump_offset + odd.deflated_bytes / 2);
  flip(damaged / "full_backup.sql.gz", odd.sql_offset + odd.deflated_bytes / 2);
  const test::BinaryResult rows = run({"extract", damaged.string(), "--table", "big"});
  EXPECT_EQ(rows.status, 0) << rows.err;
  EXPECT_TRUE(rows.out == whole);
  EXPECT_NE(rows.err.find("piece 1 of public.big is damaged; its rows were read from csv/"),
            std::string::npos)
      << rows.err;
  expect_all_restored(damaged, 0);
  // The same by the archive's own index.
  fs::remove(damaged / "manifest.json");
  const test::BinaryResult again = run({"extract", damaged.string(), "--table", "big"});
  EXPECT_EQ(again.status, 8) << again.err;
  EXPECT_TRUE(again.out == whole) << again.err;
}

TEST_F(DamagedBackup, OfLargeObjectsLosesTheDamagedOneOnly) {
  make_and_back_up("objects", {"--formats", "dump"});
  const std::string file = util::read_text(dump());
  // Each object is its OID, chunks and the int 0; 78 is the one that does not fit a line.
  const std::string oid{"\0\x4e\0\0\0", 5};
  const archive::CustomFileReader reader(dump());
  const auto block = std::ranges::find(reader.toc().entries, "BLOBS", &archive::TocEntry::desc);
  ASSERT_NE(block, reader.toc().entries.end());
  const std::size_t at = file.find(oid, block->offset + 6);
  ASSERT_NE(at, std::string::npos);
  flip(dump(), at + 5 + 5 + 2 + 5 + 8);  // behind the stream's header, in its first piece
  const test::BinaryResult verified = run({"verify", backup().string()});
  EXPECT_EQ(verified.status, 8);
  EXPECT_NE(verified.out.find("large object 78"), std::string::npos) << verified.out;
  EXPECT_EQ(verified.out.find("large object 79"), std::string::npos) << verified.out;
  const std::string name = cat(database().name(), "_saved");
  const test::BinaryResult saved = run({"restore", backup().string(), "--salvage", "--to", name});
  EXPECT_EQ(saved.status, 8) << saved.err;
  EXPECT_NE(saved.err.find("large object 78"), std::string::npos) << saved.err;
  EXPECT_EQ(server().connect(name).query("select lo_get(77)::text || lo_get(79)::text").str(0, 0),
            "\\x6669727374\\x6c617374");
  drop(name);
}

TEST_F(DamagedBackup, StockPgRestoreDoesNotSeeTheIndex) {
  make_and_back_up("stock", {});
  ASSERT_TRUE(archive::read_piece_index(dump()));
  EXPECT_EQ(test::stock(folder(), "pg_restore", {"--list", dump()}).find("0; 0 0 \n"),
            std::string::npos);
  const std::string expected = database().connect().query(std::string(kSummary)).str(0, 0);
  const auto expect_restored = [&](const std::vector<std::string>& options) {
    const test::TestDatabase target = empty("by_pg_restore");
    std::vector<std::string> args{"-e", "-d", target.url()};
    args.insert(args.end(), options.begin(), options.end());
    test::stock(folder(), "pg_restore", args);
    EXPECT_EQ(target.connect().query(std::string(kSummary)).str(0, 0), expected);
  };
  expect_restored({dump()});
  expect_restored({"-j", "3", dump()});
  expect_restored({"-1", dump()});

  // From a pipe, where the blocks are scanned.
  const test::TestDatabase piped = empty("by_pipe");
  const test::BinaryResult pipe = test::run_program(
      "/bin/bash", {.args = {"-c", cat("cat ", dump(), " | ", test::server_bin_directory().string(),
                                       "/pg_restore -e -d ", piped.url())},
                    .env = {},
                    .directory = folder()});
  EXPECT_EQ(pipe.status, 0) << pipe.err;
  EXPECT_EQ(piped.connect().query(std::string(kSummary)).str(0, 0), expected);

  test::stock(folder(), "pg_restore", {"--data-only", "--table=big", "--file=rows.sql", dump()});
  const std::string rows = util::read_text(folder() / "rows.sql");
  EXPECT_NE(rows.find("\n400000\t"), std::string::npos);
  EXPECT_NE(rows.find("\n\\.\n"), std::string::npos);
}

}  // namespace
