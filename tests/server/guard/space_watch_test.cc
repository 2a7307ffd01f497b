// F9: the room of the server is watched while something is restored there, and a load ends before
// its disk is full.

#include "guard/space_watch.h"

#include "guard_fixture.h"

namespace guard {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class SpaceWatchTest : public GuardTest {
 protected:
  // Its pages are full, and a restore fills each to a tenth: the copy is ten times as large, which
  // no look at the database could tell.
  void grow_in_copies() {
    sql("create table wide as select n, repeat(md5(n::text), 20) as text from generate_series(1, "
        "25000) n; alter table wide set (fillfactor = 10)");
  }
  std::uint64_t bytes() {
    return util::parse_u64(value("select pg_database_size(current_database())")).value();
  }
};

TEST_F(SpaceWatchTest, F9_AProofEndsBeforeTheDiskThatWasStatedIsFull) {
  grow_in_copies();
  const std::string before = fingerprint();
  Options options = psql(kBreaks);
  options.server_free = 2 * bytes() + (1U << 20U);  // what preflight asks for
  const util::Error error = error_of(options);
  EXPECT_EQ(error.exit_code(), 5) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("the disk of the server is nearly full"));
  EXPECT_THAT(error.message(), HasSubstr("by --server-free"));
  EXPECT_THAT(error.text(), HasSubstr("--proof-at"));
  EXPECT_THAT(sides(), IsEmpty()) << "the copy is dropped";
  EXPECT_EQ(fingerprint(), before);
  EXPECT_EQ(runs().at(0).state, RunState::Failed);
}

// The failed state would stay otherwise, and what was stated may have become more.
TEST_F(SpaceWatchTest, F9_AnUndoGoesOnWithAWarning) {
  grow_in_copies();
  const std::string before = fingerprint();
  Options options = psql(kBreaks);
  options.proof = archive::Level::ReadBack;
  options.server_free = 2 * bytes() + (1U << 20U);
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("are left by --server-free; the undo goes on"));
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(SpaceWatchTest, F9_EnoughRoomIsNoNews) {
  Options options = psql("alter table members add column phone text;");
  options.server_free = std::uint64_t{1} << 40U;
  EXPECT_EQ(go(options).outcome, Outcome::Done) << reporter.all();
  EXPECT_THAT(reporter.all(), testing::Not(HasSubstr("nearly full")));
}

}  // namespace
}  // namespace guard
