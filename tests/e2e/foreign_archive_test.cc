// Archives that stock pg_dump made, of 13 to 18, in every compression and both formats: extracted,
// verified as far as that goes, and restored under a new name, never over anything. And what can be
// saved of a damaged backup of ours.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "archive/manifest.h"
#include "pg/ident.h"
#include "support/round_trip.h"
#include "util/text.h"

namespace {

using test::RoundTrip;
using util::cat;

class ForeignArchive : public RoundTrip {
 protected:
  // Restored by us; dropped at the end.
  class Restored {
   public:
    Restored(test::TestServer& server, std::string name)
        : server_(server), name_(std::move(name)) {}
    ~Restored() {
      server_.connect().execute(
          cat("drop database if exists ", pg::quote_ident(name_), " with (force)"));
    }
    Restored(const Restored&) = delete;
    Restored& operator=(const Restored&) = delete;
    pg::Connection connect() const { return server_.connect(name_); }
    const std::string& name() const { return name_; }

   private:
    test::TestServer& server_;
    std::string name_;
  };

  static std::string golden(const std::string& name) {
    return cat(PGBELAY_SOURCE_DIR, "/tests/golden/archives/", name);
  }
  static std::string summary(pg::Connection connection) {
    return connection
        .query(
            "select concat_ws('|', (select md5(string_agg(p::text, ',' order by id)) from "
            "club.people p), (select count(*) from club.visits), (select "
            "md5(string_agg(md5(lo_get(oid)), ',' order by oid)) from pg_largeobject_metadata), "
            "(select count(*) from pg_index i join pg_class c on c.oid = i.indexrelid join "
            "pg_namespace n on n.oid = c.relnamespace where nspname = 'club'), (select count(*) "
            "from club.totals), (select string_agg(note, ',' order by note) from "
            "club.\"odd \"\"table\"\"\nname\"))")
        .str(0, 0);
  }
  void flip(const std::filesystem::path& file, std::uint64_t offset) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.write("damage", 6);
  }
};

TEST_F(ForeignArchive, OfEveryVersionIsExtractedVerifiedAndRestored) {
  make("club", "", {});
  database().connect().execute(util::read_text(golden("pg_dump_15.sql")));
  const std::string expected = summary(database().connect());
  std::vector<std::string> archives;
  for (const char* name : {"pg_dump_13.dump", "pg_dump_15.dump", "pg_dump_17_zstd.dump",
                           "pg_dump_18_lz4.dump", "pg_dump_15_gzip", "pg_dump_18_zstd"})
    archives.push_back(golden(name));
  test::stock(folder(), "pg_dump", {"-Fc", "-Z0", "-f", "plain.dump", "-d", database().url()});
  test::stock(folder(), "pg_dump", {"-Fd", "-Z0", "-f", "plain", "-d", database().url()});
  archives.push_back((folder() / "plain.dump").string());
  archives.push_back((folder() / "plain").string());
  for (const std::string& archive : archives) {
    SCOPED_TRACE(archive);
    const test::BinaryResult row = run({"extract", archive, "--table", "club.people", "--where",
                                        "id=7", "--columns", "id,name,paid"});
    EXPECT_EQ(row.status, 0) << row.err;
    EXPECT_EQ(row.out, "id,name,paid\n7,person 7,\n");
    const test::BinaryResult verified = run({"verify", archive});
    EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
    EXPECT_NE(verified.out.find("no fingerprints"), std::string::npos) << verified.out;
    const Restored restored(server(), cat(database().name(), "_new"));
    const test::BinaryResult result = run({"restore", archive, "--to", restored.name()});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_NE(result.out.find("NOT proven"), std::string::npos) << result.out;
    EXPECT_EQ(summary(restored.connect()), expected);
  }
}

// pg_dump --inserts: the data are SQL commands, of one row or of many.
TEST_F(ForeignArchive, OfInsertCommandsIsRestored) {
  // Not "tables": an INSERT without names of columns does not find those that a restored child has
  // in another order, as pg_dump's manual says.
  // And without numbers: its INSERT says -0, which is an integer.
  make("inserts", "", {"types"});
  database().connect().execute(
      "drop table types.numbers cascade; create table many as select n, repeat(md5(n::text), 4) || "
      "';''\"\\' as t from "
      "generate_series(1, 20000) n");
  const std::string expected = test::content(database());
  const std::vector<std::vector<std::string>> kinds{
      {"-Fc", "--inserts"},
      {"-Fd", "--column-inserts", "--rows-per-insert=100", "--on-conflict-do-nothing"}};
  for (const std::vector<std::string>& kind : kinds) {
    SCOPED_TRACE(kind[1]);
    std::vector<std::string> args = kind;
    const std::string file = cat("archive", kind[0]);
    args.insert(args.end(), {"-f", file, "-d", database().url()});
    test::stock(folder(), "pg_dump", args);
    const test::TestDatabase copy(server(), "inserts_new", "");
    server().connect().execute(cat("drop database ", pg::quote_ident(copy.name())));
    const test::BinaryResult result = run({"restore", file, "--to", copy.name()});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(test::difference(expected, test::content(copy)), "");
    const test::BinaryResult rows = run({"extract", file, "--table", "many"});
    EXPECT_EQ(rows.status, 2);
    const test::BinaryResult table =
        run({"restore", file, "--table", "many", "--to", database().url()});
    EXPECT_EQ(table.status, 2);
    for (const std::string& err : {rows.err, table.err}) {
      EXPECT_NE(err.find("the rows of public.many are INSERT commands"), std::string::npos) << err;
      EXPECT_NE(err.find("restore FILE --to NAME"), std::string::npos) << err;
    }
  }
}

// Rows of a partition that are loaded through its root: they go where the target's bounds say.
TEST_F(ForeignArchive, OfRowsThatGoThroughThePartitionsRootIsRestored) {
  make("roots", "", {});
  database().connect().execute(
      "create table p (i int primary key, t text) partition by hash (i);"
      "create table p0 partition of p for values with (modulus 2, remainder 0);"
      "create table p1 partition of p for values with (modulus 2, remainder 1);"
      "insert into p select n, md5(n::text) from generate_series(1, 50000) n");
  const std::string expected = test::content(database());
  const std::string partition{
      database().connect().query("select tableoid::regclass::text from p where i = 7").str(0, 0)};
  for (const char* const format : {"-Fc", "-Fd"}) {
    const std::string file = cat("archive", format);
    test::stock(folder(), "pg_dump",
                {format, "--load-via-partition-root", "-f", file, "-d", database().url()});
    const test::TestDatabase copy(server(), "roots_new", "");
    server().connect().execute(cat("drop database ", pg::quote_ident(copy.name())));
    const test::BinaryResult result = run({"restore", file, "--to", copy.name()});
    ASSERT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(test::difference(expected, test::content(copy)), "");
    const test::BinaryResult rows = run({"extract", file, "--table", partition, "--where", "i=7"});
    EXPECT_EQ(rows.status, 0) << rows.err;
    EXPECT_EQ(rows.out, "i,t\n7,8f14e45fceea167a5a36dedd4bea2543\n");
  }
}

// K2: nothing reaches a live database without a proof.
TEST_F(ForeignArchive, IsNeverRestoredOverAnything) {
  make("live", "", {});
  database().connect().execute("create table precious as select 1 as n");
  const test::BinaryResult bare = run({"restore", golden("pg_dump_15.dump"), "--yes"});
  EXPECT_EQ(bare.status, 2);
  EXPECT_NE(bare.err.find("--to NEWNAME"), std::string::npos) << bare.err;
  const test::BinaryResult over =
      run({"restore", golden("pg_dump_15.dump"), "--to", database().name(), "--yes"});
  EXPECT_EQ(over.status, 2) << over.err;
  EXPECT_NE(over.err.find("exists"), std::string::npos) << over.err;
  EXPECT_EQ(database().connect().query("select n from precious").str(0, 0), "1");
  EXPECT_EQ(run({"verify", golden("pg_dump_15.dump"), "--level", "restored"}).status, 2);
}

TEST_F(ForeignArchive, WhoseLoadFailsLeavesNothing) {
  make("role", "", {});
  database().connect().execute(
      "create role gone_soon; create table t (a int); alter table t owner "
      "to gone_soon");
  test::stock(folder(), "pg_dump", {"-Fc", "-f", "a.dump", "-d", database().url()});
  database().connect().execute("drop owned by gone_soon; drop role gone_soon");
  const test::BinaryResult result = run({"restore", "a.dump", "--to", "role_new"});
  EXPECT_EQ(result.status, 1) << result.err;
  EXPECT_NE(result.err.find("gone_soon"), std::string::npos) << result.err;
  EXPECT_EQ(server()
                .connect()
                .query("select count(*) from pg_database where datname ~ '^role_new'")
                .str(0, 0),
            "0");
}

TEST_F(ForeignArchive, DamageIsFoundAndWhatIsWholeIsGiven) {
  make("damage", "", {});
  database().connect().execute(
      "create table big as select n, md5(n::text) t from generate_series(1, 300000) n; create "
      "table small as select 1 as n");
  test::stock(folder(), "pg_dump", {"-Fc", "-f", "a.dump", "-d", database().url()});
  flip(folder() / "a.dump", std::filesystem::file_size(folder() / "a.dump") / 2);
  const test::BinaryResult verified = run({"verify", "a.dump"});
  EXPECT_EQ(verified.status, 8);
  EXPECT_NE(verified.out.find("public.big"), std::string::npos) << verified.out;
  EXPECT_EQ(verified.out.find("public.small"), std::string::npos) << verified.out;
  const test::BinaryResult rows = run({"extract", "a.dump", "--table", "big"});
  EXPECT_EQ(rows.status, 8);
  EXPECT_TRUE(rows.out.starts_with("n,t\n1,c4ca4238a0b923820dcc509a6f75849b\n"));
  EXPECT_NE(rows.err.find("lost"), std::string::npos) << rows.err;
  EXPECT_EQ(run({"restore", "a.dump", "--to", "damage_new"}).status, 8);
}

TEST_F(ForeignArchive, SalvageRestoresAllButTheDamagedPieces) {
  make("salvage", "", {});
  database().connect().execute(
      "create table big (n int primary key, t text); insert into big select n, md5(n::text) from "
      "generate_series(1, 400000) n; create table child (n int references big); insert into child "
      "select n from generate_series(1, 400000, 1000) n");
  back_up({"--formats", "dump"});
  const auto tables =
      archive::manifest_from_json(util::read_text(backup() / "manifest.json")).tables;
  const auto big = std::ranges::find(tables, "big", &archive::TableRecord::table);
  ASSERT_NE(big, tables.end());
  ASSERT_GT(big->pieces.size(), 2U);
  flip(dump(), big->pieces[1].dump_offset + 500);
  EXPECT_EQ(run({"restore", backup().string(), "--salvage"}).status, 2) << "only with --to";
  const Restored restored(server(), cat(database().name(), "_saved"));
  const test::BinaryResult result =
      run({"restore", backup().string(), "--salvage", "--to", restored.name()});
  EXPECT_EQ(result.status, 8) << result.err;
  EXPECT_NE(result.err.find(cat("piece 1 of public.big (", big->pieces[1].rows, " rows)")),
            std::string::npos)
      << result.err;
  EXPECT_EQ(restored.connect().query("select count(*) from big").u64(0, 0),
            400000 - big->pieces[1].rows);
  EXPECT_EQ(restored.connect().query("select count(*) from child").str(0, 0), "400");
}

}  // namespace
