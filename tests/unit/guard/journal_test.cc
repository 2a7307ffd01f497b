#include "guard/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "util/error.h"
#include "util/files.h"

namespace guard {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

util::Clock::time_point moment() { return *util::parse_rfc3339("2026-11-20T14:30:52.000Z"); }

class JournalTest : public testing::Test {
 protected:
  RunHeader header() const {
    return {.run = "2026-11-20_143052_quotas",
            .key = "20261120143052",
            .database = "app",
            .source = "postgresql://app@db/app",
            .system_identifier = "42",
            .version = "0.1.0",
            .command = {"psql", "-f", "x.sql"}};
  }
  Journal create() { return Journal::create(folder, header(), moment); }
  void append_raw(std::string_view text) {
    std::ofstream(folder / kJournalFile, std::ios::app) << text;
  }

  util::TempDir temp{"journal"};
  std::filesystem::path dir = temp.path();
  std::filesystem::path folder = dir / "runs" / "2026-11-20_143052_quotas";
};

TEST_F(JournalTest, GivesBackWhatWasWritten) {
  {
    Journal journal = create();
    journal.begin("backup");
    journal.fact("backup", "backup", {{"name", "2026-11-20_143052_quotas"}});
    journal.end("backup", {{"result", "ok"}});
  }
  const RunRecord record = read_run(folder);
  EXPECT_EQ(record.header.database, "app");
  EXPECT_THAT(record.header.command, ElementsAre("psql", "-f", "x.sql"));
  EXPECT_GT(record.header.pid, 0);
  ASSERT_EQ(record.events.size(), 3U);
  EXPECT_EQ(record.events[1].seq, 2U);
  EXPECT_EQ(record.last_fact("backup")->get("name"), "2026-11-20_143052_quotas");
  EXPECT_EQ(record.last_end("backup")->get("result"), "ok");
  EXPECT_FALSE(record.begun("migrate"));
}

// K20: a power cut in the middle of a line leaves a torn last line; it says nothing.
TEST_F(JournalTest, K20_IgnoresATornLastLineAndGoesOnBehindTheWholeOnes) {
  {
    Journal journal = create();
    journal.begin("backup");
  }
  append_raw(R"({"seq":2,"step":"migrate","event":"be)");
  EXPECT_FALSE(read_run(folder).begun("migrate"));
  {
    Journal journal = Journal::resume(folder, moment);
    journal.begin("undo");
  }
  const RunRecord record = read_run(folder);
  ASSERT_EQ(record.events.size(), 2U);
  EXPECT_EQ(record.events[1].step, "undo");
  EXPECT_EQ(record.events[1].seq, 2U);
}

// K20: only one process appends, and that it lives can be seen.
TEST_F(JournalTest, K20_ShowsTheRunAsRunningWhileItsProcessAppends) {
  std::optional<Journal> journal(create());
  EXPECT_EQ(read_run(folder).info().state, RunState::Running);
  EXPECT_THROW(Journal::resume(folder, moment), util::Error);
  journal.reset();
  EXPECT_EQ(read_run(folder).info().state, RunState::Unfinished);
}

TEST_F(JournalTest, TellsStateAndExitOfAnEndedRun) {
  {
    Journal journal = create();
    journal.begin("migrate");
    journal.fact("run", "exit", {{"code", "3"}});
    journal.end("run", {{"state", "undone"}});
  }
  const RunInfo info = read_run(folder).info();
  EXPECT_EQ(info.state, RunState::Undone);
  EXPECT_TRUE(info.migrate_begun);
  EXPECT_EQ(info.exit, 3);
  EXPECT_EQ(info.step, "migrate");
  EXPECT_EQ(info.ended_at, "2026-11-20T14:30:52.000Z");
}

TEST_F(JournalTest, SurvivesTextThatIsNotUtf8) {
  {
    Journal journal = create();
    journal.fact("migrate", "session", {{"application", "caf\xe9"}});
  }
  EXPECT_THAT(read_run(folder).last_fact("session")->get("application"), HasSubstr("caf"));
}

TEST_F(JournalTest, FindsARunByNamePartOrAsTheLastUnfinishedOfItsDatabase) {
  { create(); }
  {
    RunHeader second = header();
    second.run = "2026-11-20_150000_other";
    Journal::create(dir / "runs" / second.run, second, moment);
  }
  EXPECT_EQ(find_run(dir, "quotas", "").run, "2026-11-20_143052_quotas");
  EXPECT_EQ(find_run(dir, "", "app").run, "2026-11-20_150000_other");
  EXPECT_THROW(find_run(dir, "", "elsewhere"), util::Error);
  try {
    find_run(dir, "2026-11-20", "");
    FAIL() << "two runs fit";
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Usage);
    EXPECT_THAT(error.message(), HasSubstr("2026-11-20_143052_quotas, 2026-11-20_150000_other"));
  }
}

TEST_F(JournalTest, ListsNothingWhereThereIsNoFolder) {
  EXPECT_THAT(list_runs(dir / "absent"), testing::IsEmpty());
}

}  // namespace
}  // namespace guard
