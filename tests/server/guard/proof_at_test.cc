// Proofs on another server than the live one (F9, S4).
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
