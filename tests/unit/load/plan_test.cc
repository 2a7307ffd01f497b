// The passes, and which task waits for which (docs/formats/archive.md).
#include "load/plan.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

namespace load {
namespace {

using archive::Section;
using archive::TocEntry;
using testing::ElementsAre;
using testing::IsEmpty;

TocEntry entry(int id, std::string desc, std::string tag, Section section,
               std::vector<int> dependencies = {}) {
  TocEntry made;
  made.dump_id = id;
  made.desc = std::move(desc);
  made.tag = std::move(tag);
  made.schema = "public";
  made.section = section;
  made.definition = "…";
  made.dependencies = std::move(dependencies);
  return made;
}

// Where it lies does not matter: archives that went through a pipe and those in a folder do not
// say.
TocEntry data(int id, std::string tag, std::vector<int> dependencies) {
  TocEntry made = entry(id, "TABLE DATA", std::move(tag), Section::Data, std::move(dependencies));
  made.has_data = true;
  made.copy = "COPY …";
  return made;
}

archive::Toc toc_of(std::vector<TocEntry> entries) {
  archive::Toc toc;
  toc.entries = std::move(entries);
  return toc;
}

std::vector<int> ids(const std::vector<const TocEntry*>& entries) {
  std::vector<int> out;
  for (const TocEntry* one : entries) out.push_back(one->dump_id);
  return out;
}

const Task& task(const Plan& plan, int id) {
  return *std::find_if(plan.tasks.begin(), plan.tasks.end(),
                       [&](const Task& t) { return t.entry->dump_id == id; });
}

std::vector<int> waits(const Plan& plan, int id) {
  std::vector<int> out;
  for (const std::size_t n : task(plan, id).waits_for) out.push_back(plan.tasks[n].entry->dump_id);
  return out;
}

TEST(Plan, PassesAsInPgRestore) {
  const archive::Toc toc = toc_of({
      entry(1, "ENCODING", "ENCODING", Section::PreData),
      entry(2, "DATABASE", "d", Section::PreData),
      entry(3, "COMMENT", "DATABASE d", Section::None, {2}),
      entry(10, "TABLE", "a", Section::PreData),
      entry(11, "COMMENT", "TABLE a", Section::None, {10}),
      entry(12, "ACL", "TABLE a", Section::None, {10}),
      data(20, "a", {10}),
      entry(21, "SEQUENCE SET", "s", Section::Data),
      entry(30, "INDEX", "i", Section::PostData, {10}),
      entry(31, "COMMENT", "INDEX i", Section::None, {30}),
      entry(32, "MATERIALIZED VIEW DATA", "m", Section::PostData),
      entry(33, "EVENT TRIGGER", "e", Section::PostData),
      entry(34, "COMMENT", "EVENT TRIGGER e", Section::None, {33}),
      entry(35, "DEFAULT ACL", "DEFAULT PRIVILEGES FOR TABLES", Section::PostData),
      entry(36, "SUBSCRIPTION", "sub", Section::PostData),
      entry(37, "COMMENT", "SUBSCRIPTION sub", Section::None, {36}),
  });
  const Plan plan = make_plan(toc, {}, Acls::Restore);
  EXPECT_THAT(ids(plan.before), ElementsAre(10, 11));
  EXPECT_EQ(plan.tasks.size(), 3U) << "data, index, statistics";
  EXPECT_THAT(ids(plan.after), ElementsAre(21, 31));
  EXPECT_THAT(ids(plan.acls), ElementsAre(12, 35));
  EXPECT_THAT(ids(plan.last), ElementsAre(32, 33, 34));
  EXPECT_THAT(plan.skipped, ElementsAre(testing::HasSubstr("SUBSCRIPTION public.sub"))) << "F8";
  EXPECT_THAT(make_plan(toc, {}, Acls::Leave).acls, IsEmpty());
}

TEST(Plan, IndexesWaitForTheirTableAndMayRunTogether) {
  const archive::Toc toc = toc_of({entry(10, "TABLE", "a", Section::PreData), data(20, "a", {10}),
                                   entry(30, "INDEX", "i", Section::PostData, {10}),
                                   entry(31, "INDEX", "j", Section::PostData, {10}),
                                   entry(32, "CONSTRAINT", "a a_pkey", Section::PostData, {10})});
  const Plan plan = make_plan(toc, {{20, 900}}, Acls::Restore);
  EXPECT_THAT(waits(plan, 30), ElementsAre(20));
  EXPECT_FALSE(conflict(task(plan, 30), task(plan, 31)));
  EXPECT_TRUE(conflict(task(plan, 30), task(plan, 32)));
  EXPECT_GE(task(plan, 30).weight, 900U) << "as large as its table";
  EXPECT_TRUE(task(plan, 20).new_table);
}

// They need only the rows: nothing that follows waits for them, but what locks the table may not
// run beside them.
TEST(Plan, InspectionsFollowTheirDataAndConflictWithLocks) {
  const archive::Toc toc = toc_of({entry(10, "TABLE", "a", Section::PreData), data(20, "a", {10}),
                                   entry(30, "INDEX", "i", Section::PostData, {10}),
                                   entry(32, "CONSTRAINT", "a a_pkey", Section::PostData, {10})});
  const std::vector<Inspection> inspections{{20, {}}, {20, {}}, {99, {}}};
  const Plan plan = make_plan(toc, {}, Acls::Restore, 1, inspections);
  ASSERT_EQ(plan.tasks.size(), 6U) << "data, index, constraint, statistics, two inspections";
  const Task& inspection = plan.tasks.back();
  EXPECT_EQ(inspection.work, Work::Inspect);
  EXPECT_EQ(inspection.inspection, &inspections[1]);
  EXPECT_THAT(inspection.waits_for, ElementsAre(0));
  EXPECT_FALSE(conflict(inspection, task(plan, 30)));
  EXPECT_TRUE(conflict(inspection, task(plan, 32)));
  for (const Task& other : plan.tasks) {
    EXPECT_THAT(other.waits_for, testing::Each(testing::Lt(4U))) << "none waits for an inspection";
  }
}

TEST(Plan, ForeignKeyLocksBothTables) {
  const archive::Toc toc =
      toc_of({entry(10, "TABLE", "a", Section::PreData), entry(11, "TABLE", "b", Section::PreData),
              data(20, "a", {10}), data(21, "b", {11}),
              entry(30, "CONSTRAINT", "a a_pkey", Section::PostData, {10}),
              entry(31, "FK CONSTRAINT", "b fk", Section::PostData, {11, 30, 10}),
              entry(32, "TRIGGER", "a t", Section::PostData, {10})});
  const Plan plan = make_plan(toc, {}, Acls::Restore);
  EXPECT_THAT(waits(plan, 31), ElementsAre(20, 21, 30));
  EXPECT_TRUE(conflict(task(plan, 31), task(plan, 32)));
}

TEST(Plan, KeyOfAPartitionedTableWaitsForAllPartitions) {
  const archive::Toc toc = toc_of(
      {entry(10, "TABLE", "root", Section::PreData), entry(11, "TABLE", "p1", Section::PreData),
       entry(12, "TABLE", "p2", Section::PreData, {10}),
       entry(13, "TABLE ATTACH", "p1", Section::PreData, {11, 10}), data(20, "p1", {11}),
       data(21, "p2", {12}), entry(30, "FK CONSTRAINT", "root fk", Section::PostData, {10}),
       entry(31, "INDEX", "i", Section::PostData, {11})});
  const Plan plan = make_plan(toc, {}, Acls::Restore);
  EXPECT_THAT(waits(plan, 30), ElementsAre(20, 21));
  EXPECT_TRUE(conflict(task(plan, 30), task(plan, 31)));
}

TEST(Plan, OnlyTheOneDataEntryOfANewTableMayEmptyIt) {
  const archive::Toc toc = toc_of(
      {entry(5, "EXTENSION", "x", Section::PreData), entry(10, "TABLE", "twice", Section::PreData),
       entry(11, "TABLE", "part", Section::PreData), data(20, "config", {5}),
       data(21, "twice", {10}), data(22, "twice", {10}), data(23, "other", {11})});
  const Plan plan = make_plan(toc, {}, Acls::Restore);
  for (const Task& one : plan.tasks)
    EXPECT_FALSE(one.new_table) << one.entry->tag << ' ' << one.entry->dump_id;
}

TEST(Plan, StatisticsComeAfterEverythingOnTheTable) {
  const archive::Toc toc = toc_of(
      {entry(10, "TABLE", "a", Section::PreData), entry(11, "TABLE", "root", Section::PreData),
       entry(12, "TABLE", "part", Section::PreData, {11}), data(20, "a", {10}),
       data(21, "part", {12}), entry(30, "INDEX", "i", Section::PostData, {10}),
       entry(31, "TRIGGER", "a t", Section::PostData, {10})});
  const Plan plan = make_plan(toc, {}, Acls::Restore);
  ASSERT_EQ(plan.tasks.size(), 5U) << "none for the partition: its root's reads it";
  EXPECT_EQ(plan.tasks[4].work, Work::Analyze);
  EXPECT_EQ(plan.tasks[4].entry->tag, "a");
  EXPECT_THAT(plan.tasks[4].waits_for, ElementsAre(0, 2, 3));
}

TEST(Plan, ADominatingTableGetsATeam) {
  constexpr std::uint64_t kMega = 1'000'000;
  const archive::Toc toc =
      toc_of({entry(10, "TABLE", "a", Section::PreData), entry(11, "TABLE", "b", Section::PreData),
              data(20, "a", {10}), data(21, "b", {11})});
  const std::map<int, std::uint64_t> bytes{{20, 90 * kMega}, {21, 10 * kMega}};
  const Plan plan = make_plan(toc, bytes, Acls::Restore, 4);
  EXPECT_GT(task(plan, 20).weight, task(plan, 21).weight);
  EXPECT_EQ(task(plan, 20).team, 4U);
  EXPECT_EQ(task(plan, 21).team, 1U);
  EXPECT_EQ(task(make_plan(toc, bytes, Acls::Restore, 1), 20).team, 1U);
}

TEST(Plan, RowsAsCommandsAreForOneAlone) {
  archive::Toc toc = toc_of({entry(10, "TABLE", "a", Section::PreData), data(20, "a", {10})});
  toc.entries[1].copy.reset();
  EXPECT_EQ(task(make_plan(toc, {{20, 90'000'000}}, Acls::Restore, 4), 20).team, 1U);
}

TEST(Plan, DependenciesOnNothingAreNone) {
  const archive::Toc toc = toc_of({entry(30, "INDEX", "i", Section::PostData, {4711, 30})});
  EXPECT_THAT(waits(make_plan(toc, {}, Acls::Restore), 30), IsEmpty());
}

// pg_dump does not say that a partition's trigger is made with its parent's.
TEST(Plan, HowAPartitionsTriggerIsEnabledComesAfterTheTriggers) {
  archive::Toc toc = toc_of({
      entry(10, "TABLE", "whole", Section::PreData),
      entry(11, "TABLE", "part", Section::PreData),
      entry(12, "TABLE ATTACH", "part", Section::PreData, {11, 10}),
      data(20, "part", {11}),
      entry(30, "TRIGGER", "part noted", Section::PostData, {11}),
      entry(31, "TRIGGER", "whole noted", Section::PostData, {10}),
      entry(32, "TRIGGER", "part own", Section::PostData, {11}),
  });
  toc.entries[4].definition = "\nALTER TABLE public.part DISABLE TRIGGER noted;\n";
  toc.entries[5].definition = "CREATE TRIGGER noted AFTER INSERT ON public.whole …";
  toc.entries[6].definition = "CREATE TRIGGER own AFTER INSERT ON public.part …";
  const Plan plan = make_plan(toc, {}, Acls::Restore);
  EXPECT_THAT(waits(plan, 30), ElementsAre(20, 31, 32));
  EXPECT_THAT(waits(plan, 31), ElementsAre(20));
  EXPECT_THAT(waits(plan, 32), ElementsAre(20));
}

// ANALYZE of a table above a foreign one reads where that is.
TEST(Plan, AnalyzesNoTableAboveAForeignOne) {
  const archive::Toc toc = toc_of({
      entry(10, "TABLE", "parent", Section::PreData),
      entry(11, "TABLE", "child", Section::PreData, {10}),
      entry(12, "FOREIGN TABLE", "far", Section::PreData, {11}),
      entry(13, "TABLE", "alone", Section::PreData),
      data(20, "parent", {10}),
      data(21, "child", {11}),
      data(22, "alone", {13}),
  });
  const Plan plan = make_plan(toc, {}, Acls::Restore);
  std::vector<std::string> analyzed;
  for (const Task& one : plan.tasks) {
    if (one.work == Work::Analyze) analyzed.push_back(one.entry->tag);
  }
  EXPECT_THAT(analyzed, ElementsAre("alone"));
}

}  // namespace
}  // namespace load
