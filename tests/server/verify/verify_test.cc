#include "verify/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "server/verify/made_backup.h"
#include "util/error.h"
#include "util/fault.h"

namespace verify {
namespace {

using archive::Level;
using archive::Severity;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> codes(const std::vector<archive::Finding>& findings, Severity severity) {
  std::vector<std::string> out;
  for (const archive::Finding& finding : findings) {
    if (finding.severity == severity) out.push_back(finding.code);
  }
  return out;
}

std::string texts(const std::vector<archive::Finding>& findings) {
  std::string out;
  for (const archive::Finding& finding : findings) out += finding.code + ": " + finding.text + "\n";
  return out;
}

// A little of everything that content is.
constexpr std::string_view kContent = R"sql(
  create table plain (id serial primary key, "Näme" text, amount numeric(10,2) check (amount > 0));
  insert into plain ("Näme", amount) select 'row ' || i, i from generate_series(1, 500) i;
  create table computed (a int, b int generated always as (a * 2) stored);
  insert into computed (a) values (1), (2);
  create table "odd ""name" ();
  create table parts (k int, v text) partition by list (k);
  create table parts_1 partition of parts for values in (1);
  create table parts_2 (v text, k int);
  alter table parts attach partition parts_2 for values in (2);
  insert into parts values (1, 'a'), (2, 'b');
  create unlogged table quick as select 1 as one;
  create materialized view stale as select count(*) as n from plain;
  insert into plain ("Näme", amount) values ('later', 1);
  create materialized view empty as select 1 as one with no data;
  select setval('plain_id_seq', 4711, false);
  select lo_from_bytea(42, '\x0001ff');
  comment on large object 42 is 'forty-two';
  grant select on large object 42 to public;
  alter table plain drop column amount, add column amount int;
)sql";

class Verify : public VerifyTest {
 protected:
  Verify() { source_.connect().execute(kContent); }
  test::TestDatabase source_ = test::make_database("verified");
};

TEST_F(Verify, ProvenMeansThatTheCopyEqualsTheSource) {
  const backup::Backup backup = make_backup(source_);
  const Verified verified = run(backup, at(Level::Proven), quiet_, {});
  EXPECT_EQ(codes(verified.evidence.findings, Severity::Damage), std::vector<std::string>())
      << texts(verified.evidence.findings);
  EXPECT_EQ(verified.evidence.level, Level::Proven);
  ASSERT_TRUE(verified.proof);
  EXPECT_EQ(verified.proof->database(), source_.name());
  EXPECT_FALSE(verified.proof->copy());
  EXPECT_FALSE(exists(options_.side_database));
  // Written beside the backup, bound to it (K11).
  const backup::Backup again = backup::open(backup.path);
  EXPECT_EQ(again.level(), Level::Proven);
  EXPECT_EQ(again.evidence->sums_sha256, backup.sums_sha256);
}

// K3, S14: its rows are other ones after the refresh, and no migration would ever run if that were
// a failure.
TEST_F(Verify, K3_AStaleMaterialisedViewIsANote) {
  const Verified verified = run(make_backup(source_), at(Level::Proven), quiet_, {});
  ASSERT_TRUE(verified.proof) << texts(verified.evidence.findings);
  EXPECT_THAT(texts(verified.evidence.findings),
              HasSubstr("public.stale was stale at the snapshot, refreshed by the restore"));
}

TEST_F(Verify, AKeptCopyIsSealedAndCanBeRecalled) {
  const backup::Backup backup = make_backup(source_);
  Options options = at(Level::Proven);
  options.copy = Copy::KeepSealed;
  const Proof proof = prove(backup, options, quiet_, {});
  ASSERT_TRUE(proof.copy());
  pg::Connection maintenance = test::test_server().connect();
  EXPECT_TRUE(swap::sealed(maintenance, options_.side_database));
  EXPECT_THROW(test::test_server().connect(options_.side_database), util::Error);

  const backup::Backup later = backup::open(backup.path);
  EXPECT_EQ(recall(later, proof.copy(), &maintenance).level(), Level::Proven);
  EXPECT_EQ(recall(later, std::nullopt, nullptr).level(), Level::Proven);
  // S1: opened once is opened for ever.
  maintenance.execute("alter database " + pg::quote_ident(options_.side_database) +
                      " allow_connections true");
  EXPECT_THROW(recall(later, proof.copy(), &maintenance), util::Error);
}

// A superuser enters any database. He stays connected, so that only his end tells the server's
// counters what he did.
class Meddler : public util::QuietReporter {
 public:
  Meddler(std::string database, std::string sql)
      : database_(std::move(database)), sql_(std::move(sql)) {}
  void progress(std::string_view what, std::uint64_t done, std::uint64_t total) override {
    const std::lock_guard lock(mutex_);  // jobs report from their threads
    if (what != "compare" || done < total || session_) return;
    session_.emplace(test::test_server().connect(database_));
    session_->execute(sql_);
  }

 private:
  const std::string database_, sql_;
  std::mutex mutex_;
  std::optional<pg::Connection> session_;
};

TEST_F(Verify, S1ACopyThatSomebodyTouchedWhileItWasComparedProvesNothing) {
  const backup::Backup backup = make_backup(source_);
  Options options = at(Level::Proven);
  options.copy = Copy::KeepSealed;
  std::vector<std::string> changes{"create table made (i int)", "select setval('plain_id_seq', 1)"};
  // Before 15 the server's counters come late or never: of rows nothing is known (untouched.h).
  if (test::test_server().connect().server_major() >= 15)
    changes.insert(changes.end(), {"update quick set one = 2", "delete from computed",
                                   "select lo_put(42, 0, '\\xff')"});
  for (const std::string& sql : changes) {
    Meddler meddler(options.side_database, sql);
    try {
      prove(backup, options, meddler, {});
      ADD_FAILURE() << sql << " was not seen";
    } catch (const util::Error& error) {
      EXPECT_EQ(error.kind(), util::Kind::Proof) << error.text();
    }
    EXPECT_FALSE(exists(options_.side_database)) << sql;
  }
  EXPECT_FALSE(backup::open(backup.path).evidence->damaged) << "it is not the backup that is wrong";
  EXPECT_TRUE(prove(backup, options, quiet_, {}).copy());
}

TEST_F(Verify, RecallWantsAnUnbrokenChainOfSums) {
  const backup::Backup backup = make_backup(source_);
  EXPECT_EQ(recall(backup, std::nullopt, nullptr).level(), Level::ReadBack);
  backup::Backup other = backup;
  other.evidence->damaged = true;
  EXPECT_THROW(recall(other, std::nullopt, nullptr), util::Error);
  other.evidence.reset();
  EXPECT_THROW(recall(other, std::nullopt, nullptr), util::Error);
  std::filesystem::resize_file(backup.path / "manifest.json",
                               std::filesystem::file_size(backup.path / "manifest.json") - 1);
  try {
    recall(backup, std::nullopt, nullptr);
    FAIL() << "a manifest that was cut was accepted";
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Proof);
    EXPECT_THAT(error.message(), HasSubstr("manifest.json has changed"));
  }
}

TEST_F(Verify, RestoredAsksForTheObjectsOnly) {
  source_.connect().execute("create table late (i int)");
  backup::Backup backup = make_backup(source_);
  for (archive::TableRecord& table : backup.manifest.tables) ++table.fingerprint.low;
  const Verified good = run(backup, at(Level::Restored), quiet_, {});
  EXPECT_EQ(good.evidence.level, Level::Restored) << texts(good.evidence.findings);
  backup.manifest.objects.push_back({"table", "public.imagined"});
  const Verified bad = run(backup, at(Level::Restored), quiet_, {});
  EXPECT_FALSE(bad.proof);
  EXPECT_EQ(bad.evidence.level, Level::ReadBack);
  EXPECT_THAT(texts(bad.evidence.findings),
              HasSubstr("object-missing: table public.imagined is missing in the copy"));
  EXPECT_FALSE(exists(options_.side_database));
}

// A copy that differs from the record in one thing at a time.
class Differences : public VerifyTest {
 protected:
  std::vector<std::string> found_after(std::string_view change) {
    pg::Connection connection = source_.connect();
    connection.execute(kContent);
    const archive::Manifest manifest = read_manifest(connection);
    source_.connect().execute(change);
    findings_ = compare_content({manifest}, source_.conninfo(), "pgbelay-test", 2, quiet_, {});
    return codes(findings_, Severity::Damage);
  }
  test::TestDatabase source_ = test::make_database("differ");
  std::vector<archive::Finding> findings_;
};

TEST_F(Differences, NoneWithoutAChange) {
  EXPECT_THAT(found_after(""), IsEmpty()) << texts(findings_);
}

TEST_F(Differences, OneChangedRow) {
  EXPECT_THAT(found_after("update plain set \"Näme\" = 'row 2 ' where id = 2"),
              ElementsAre("fingerprint"));
  EXPECT_EQ(findings_[0].table, "public.plain");
}

TEST_F(Differences, OneMissingRow) {
  EXPECT_THAT(found_after("delete from plain where id = 2"), ElementsAre("fingerprint"));
  EXPECT_THAT(findings_[0].text, HasSubstr("has 500 rows, 501 in the backup"));
}

// S14: COPY of the table is the same, what was stored is not.
TEST_F(Differences, S14_GeneratedColumns) {
  EXPECT_THAT(
      found_after("alter table computed drop column b;"
                  "alter table computed add column b int generated always as (a * 3) stored"),
      ElementsAre("generated-columns"));
}

TEST_F(Differences, S14_SequencePositions) {
  EXPECT_THAT(found_after("select setval('plain_id_seq', 4711, true)"),
              ElementsAre("sequence-position"));
}

TEST_F(Differences, S14_LargeObjects) {
  EXPECT_THAT(
      found_after("select lo_put(42, 0, '\\x01'); comment on large object 42 is 'other';"
                  "grant update on large object 42 to public; select lo_from_bytea(43, '')"),
      ElementsAre("large-object-property", "large-object-property", "large-object-additional",
                  "large-object"));
}

TEST_F(Differences, ObjectsOnEitherSide) {
  EXPECT_THAT(found_after("drop view if exists x; create view added as select 1; drop table quick"),
              testing::UnorderedElementsAre("table-missing", "object-missing", "object-missing",
                                            "object-additional", "object-additional"))
      << texts(findings_);
}

TEST_F(Differences, MaterialisedViewsThatAreNotPopulated) {
  EXPECT_THAT(found_after("refresh materialized view empty"), ElementsAre("matview-populated"));
}

// S13: no restore gives the columns of an inheritance child the order they had.
TEST_F(Differences, S13_ColumnOrderIsNone) {
  EXPECT_THAT(found_after("create table moved (\"Näme\" text, id int not null default "
                          "nextval('plain_id_seq'), amount int);"
                          "insert into moved select \"Näme\", id, amount from plain;"
                          "alter table plain rename to old; alter table moved rename to plain"),
              testing::Not(Contains("fingerprint")))
      << texts(findings_);
}

// Enum values have other OIDs in the copy, so rows of a hash-partitioned table come to other
// partitions.
TEST_F(Differences, PartitionsThatAreLoadedThroughTheirTableAreComparedAsOne) {
  pg::Connection connection = source_.connect();
  connection.execute(kContent);
  archive::Manifest manifest = read_manifest(connection);
  std::vector<archive::TableRecord*> parts;
  for (archive::TableRecord& table : manifest.tables) {
    if (table.table == "parts_1" || table.table == "parts_2") parts.push_back(&table);
  }
  ASSERT_EQ(parts.size(), 2U);
  std::swap(parts[0]->fingerprint, parts[1]->fingerprint);
  const auto found = [&] {
    findings_ = compare_content({manifest}, source_.conninfo(), "pgbelay-test", 2, quiet_, {});
    return codes(findings_, Severity::Damage);
  };
  EXPECT_THAT(found(), ElementsAre("fingerprint", "fingerprint"));
  for (archive::TableRecord* const part : parts) part->loaded_through = "public.parts";
  EXPECT_THAT(found(), IsEmpty()) << texts(findings_);
  source_.connect().execute("update parts set v = 'c' where k = 1");
  EXPECT_THAT(found(), ElementsAre("fingerprint"));
  EXPECT_EQ(findings_[0].table, "public.parts");
}

// S13: an invalid index does not come back; that is shown and accepted.
TEST_F(Verify, S13_AnInvalidIndexIsAccepted) {
  pg::Connection connection = source_.connect();
  connection.execute("create table twice as select 1 as i union all select 1");
  EXPECT_THROW(connection.execute("create unique index concurrently broken on twice (i)"),
               util::Error);
  const Verified verified = run(make_backup(source_), at(Level::Proven), quiet_, {});
  ASSERT_TRUE(verified.proof) << texts(verified.evidence.findings);
  EXPECT_THAT(codes(verified.evidence.findings, Severity::Accepted), Contains("object-missing"));
}

// F6: the text of such a check is another one after the first round trip. Objects are compared by
// name.
TEST_F(Verify, F6_ExpressionsThatAreDeparsedOtherwiseAreNoDifference) {
  source_.connect().execute(
      "create table f6 (status varchar check (status in ('open', 'paid')));"
      "create index on f6 (status) where status in ('open', 'paid')");
  const Verified verified = run(make_backup(source_), at(Level::Proven), quiet_, {});
  EXPECT_TRUE(verified.proof) << texts(verified.evidence.findings);
}

// S12: neither another schema public nor another version of an extension.
TEST_F(Verify, S12_TheCopyHasWhatTheSourceHas) {
  pg::Connection connection = source_.connect();
  connection.execute(
      "create schema ext; create extension pg_trgm schema ext version '1.5';"
      "alter table plain set schema ext; drop schema public cascade");
  const Verified verified = run(make_backup(source_), at(Level::Proven), quiet_, {});
  EXPECT_TRUE(verified.proof) << texts(verified.evidence.findings);
}

// F8: the copy must not hold the live slot.
TEST_F(Verify, F8_SubscriptionsAreNotRestored) {
  source_.connect().execute(
      "create subscription s1 connection 'dbname=nowhere' publication p with (connect = false,"
      " slot_name = none, enabled = false)");
  const Verified verified = run(make_backup(source_), at(Level::Proven), quiet_, {});
  EXPECT_TRUE(verified.proof) << texts(verified.evidence.findings);
  EXPECT_THAT(texts(verified.evidence.findings), HasSubstr("subscription s1"));
  source_.connect().execute("drop subscription s1");
}

TEST_F(Verify, ADifferenceIsRecordedAndTheCopyIsGone) {
  backup::Backup backup = make_backup(source_);
  ++backup.manifest.tables.front().fingerprint.low;
  Options options = at(Level::Proven);
  options.copy = Copy::KeepSealed;
  try {
    prove(backup, options, quiet_, {});
    FAIL();
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Proof);
    EXPECT_THAT(error.message(), HasSubstr("fingerprint"));
  }
  EXPECT_FALSE(exists(options_.side_database));
  backup = backup::open(backup.path);
  EXPECT_TRUE(backup.damaged());
  EXPECT_EQ(backup.level(), Level::Restored);
  // A lower level does not clear what a higher one has found.
  run(backup, at(Level::Restored), quiet_, {});
  EXPECT_TRUE(backup::open(backup.path).damaged());
  run(backup, at(Level::Proven), quiet_, {});
  EXPECT_FALSE(backup::open(backup.path).damaged());
}

TEST_F(Verify, AByteThatFlippedInTheArchiveEndsItBeforeAnythingIsRestored) {
  const backup::Backup backup = make_backup(source_);
  std::string bytes = util::read_text(backup.archive_path());
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
  std::filesystem::remove(backup.archive_path());
  util::publish_text(backup.archive_path(), bytes);
  const Verified verified = run(backup, at(Level::Proven), quiet_, {});
  EXPECT_FALSE(verified.proof);
  EXPECT_TRUE(verified.evidence.damaged);
  EXPECT_EQ(verified.evidence.level, Level::None);
  ASSERT_FALSE(verified.evidence.findings.empty());
  EXPECT_EQ(verified.evidence.findings.front().file, "full_backup.dump");
}

TEST_F(Verify, AStopLeavesNoSideDatabase) {
  std::stop_source stop;
  class StopAtProgress : public util::QuietReporter {
   public:
    explicit StopAtProgress(std::stop_source& source) : source_(source) {}
    void progress(std::string_view what, std::uint64_t, std::uint64_t) override {
      if (what == "compare") source_.request_stop();
    }

   private:
    std::stop_source& source_;
  } reporter(stop);
  try {
    prove(make_backup(source_), at(Level::Proven), reporter, stop.get_token());
    FAIL();
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Interrupted);
  }
  EXPECT_FALSE(exists(options_.side_database));
}

#ifdef PGBELAY_FAULT_POINTS
TEST_F(Verify, AFailureAtAnyStepLeavesNoSideDatabase) {
  const backup::Backup backup = make_backup(source_);
  Options options = at(Level::Proven);
  options.copy = Copy::KeepSealed;
  for (const char* const point :
       {"proof.created", "proof.loaded", "proof.compared", "proof.sealed"}) {
    util::fault::arm(std::string(point) + "=throw");
    EXPECT_THROW(prove(backup, options, quiet_, {}), util::Error) << point;
    EXPECT_FALSE(exists(options_.side_database)) << point;
  }
}
#endif

// The name is taken by somebody else's database: it is not ours to drop.
TEST_F(Verify, ASideDatabaseThatExistsIsLeftAlone) {
  pg::Connection maintenance = test::test_server().connect();
  maintenance.execute("create database " + pg::quote_ident(options_.side_database));
  EXPECT_THROW(prove(make_backup(source_), at(Level::Restored), quiet_, {}), util::Error);
  EXPECT_TRUE(exists(options_.side_database));
}

}  // namespace
}  // namespace verify
