// Proofs on another server than the live one (F9, S4).
#include <nlohmann/json.hpp>

#include "guard_fixture.h"
#include "pg/private_server.h"
#include "support/own_temporaries.h"

namespace guard {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class ProofAtTest : public GuardTest {
 protected:
  void SetUp() override {
    GuardTest::SetUp();
    temporaries_.emplace();
  }
  // Folders of private servers that are still there.
  std::vector<std::string> private_servers() const { return temporaries_->left("pgbelay-proof-"); }
  Options local(Options options) {
    options.proof_at = "local";
    return options;
  }

 private:
  std::optional<test::OwnTemporaries> temporaries_;
};

TEST_F(ProofAtTest, F9_APrivateServerProvesAndIsGoneAfterwards) {
  const Result result = go(local(psql("alter table members add column phone text;")));
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.lines(),
              Contains(testing::AllOf(HasSubstr("proof ok proven"),
                                      HasSubstr("equals the snapshot on a private PostgreSQL"))));
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("its copy is made when it is needed")));
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_THAT(private_servers(), IsEmpty());
}

TEST_F(ProofAtTest, F9_AFailedMigrationIsUndoneByACopyMadeOfTheProvenBackup) {
  const std::string before = fingerprint();
  const Result result = go(local(psql(kBreaks)));
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("the copy is made from the backup now")));
  EXPECT_THAT(sides(), testing::ElementsAre(result.kept));
}

TEST_F(ProofAtTest, F9_AnotherServerProves) {
  const util::TempDir there{"guard-elsewhere"};
  const pg::PrivateServer other({.folder = there.path()});
  Options options = psql(kBreaks);
  options.proof_at = other.url();
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("equals the snapshot at postgres@127.0.0.1")));
  pg::Connection control = pg::Connection::open(other.conninfo(), "test");
  EXPECT_EQ(
      control.query("select count(*) from pg_database where datname like '%proof%'").str(0, 0),
      "0");
}

// What a rehearsal made of the migration, wherever it was.
nlohmann::json measured(const RunInfo& run) {
  return nlohmann::json::parse(util::read_text(run.folder / "rehearsal.json"));
}

TEST_F(ProofAtTest, F10_ARehearsalIsMadeOnThePrivateServer) {
  const std::string before = fingerprint();
  Options options =
      local(psql("select current_database(), session_user;"
                 "alter table members alter column id type bigint;"
                 "create role slipped_through_it;"));
  options.rehearsal.when = Rehearse::Yes;
  options.rehearsal.shared = SharedObjects::Allow;
  options.rehearse_only = true;
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Rehearsed) << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  const nlohmann::json report = measured(runs()[0]);
  EXPECT_THAT(report.at("place"), HasSubstr("on a private PostgreSQL"));
  EXPECT_EQ(report.at("rewrites").at(0).at("relation"), "public.members") << report.dump(1);
  EXPECT_GT(report.at("wal_bytes"), 0);
  EXPECT_THAT(reporter.all(), HasSubstr(util::cat(name(), "__rehearsal_")));
  EXPECT_EQ(value("select count(*) from pg_roles where rolname = 'slipped_through_it'"), "0");
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_THAT(private_servers(), IsEmpty());
}

TEST_F(ProofAtTest, F10_ARehearsalThatFailsThereEndsTheRunBeforeTheMigration) {
  const std::string before = fingerprint();
  Options options = local(psql(kBreaks));
  options.rehearsal.when = Rehearse::Yes;
  EXPECT_THAT(error_of(options).text(), HasSubstr("the migration failed in its rehearsal"));
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(private_servers(), IsEmpty());
}

TEST_F(ProofAtTest, F10_ARehearsalOnAnotherServerLeavesNothingThere) {
  const util::TempDir there{"guard-elsewhere"};
  const pg::PrivateServer other({.folder = there.path()});
  Options options = psql("alter table members add column phone text;");
  options.proof_at = other.url();
  options.rehearsal.when = Rehearse::Yes;
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(measured(runs()[0]).at("place"), HasSubstr("at postgres@127.0.0.1"));
  pg::Connection control = pg::Connection::open(other.conninfo(), "test");
  EXPECT_EQ(control.query("select datname from pg_database where datname ~ '__'").row_count(), 0U);
}

TEST_F(ProofAtTest, F10_AServerThatDoesNotKnowTheRoleIsNoPlaceForARehearsal) {
  Options options = psql("select 1;");
  options.proof_at = "postgresql://somebody_else@127.0.0.1:1/postgres";
  options.rehearsal.when = Rehearse::Yes;
  EXPECT_THAT(error_of(options).text(), HasSubstr("reached as \"somebody_else\""));
}

TEST_F(ProofAtTest, AServerThatIsNotThereEndsTheRunBeforeTheMigration) {
  Options options = psql("alter table members add column phone text;");
  options.proof_at = "postgresql://postgres@127.0.0.1:1/postgres";
  EXPECT_EQ(error_of(options).exit_code(), 5);
  EXPECT_EQ(value("select count(*) from pg_attribute where attname = 'phone'"), "0");
}

// No copy at all was made before: contracts.md K2.
TEST_F(ProofAtTest, AProofWithoutACopyIsUndoneByARestore) {
  const std::string before = fingerprint();
  Options options = psql(kBreaks);
  options.proof = archive::Level::ReadBack;
  EXPECT_EQ(go(options).outcome, Outcome::Undone) << reporter.all();
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(ProofAtTest, AProofElsewhereThatRestoresNothingIsRefused) {
  Options options = local(psql(kBreaks));
  options.proof = archive::Level::ReadBack;
  EXPECT_EQ(error_of(options).exit_code(), 2);
}

}  // namespace
}  // namespace guard
