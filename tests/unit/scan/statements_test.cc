// The text of COPY statements, and where a table is cut (M2).
#include <gmock/gmock.h>

#include "scan/table.h"

namespace scan {
namespace {

constexpr std::uint64_t kPage = 8192;

Table table_of(std::uint64_t pages) {
  Table table;
  table.name = {"public", "t"};
  table.columns = {"a"};
  table.bytes = pages * kPage;
  return table;
}

TEST(Cut, LeavesATableOfOneChunkWhole) {
  for (const std::uint64_t pages : {std::uint64_t{0}, std::uint64_t{1}, kChunkPages}) {
    const std::vector<PageRange> ranges = cut(table_of(pages), 15);
    ASSERT_EQ(ranges.size(), 1U) << pages;
    EXPECT_FALSE(ranges[0].first || ranges[0].end);
  }
}

// M2: the first and the last chunk are open, so that pages added meanwhile, or a size that was read
// too early, lose no row; the chunks between them meet.
TEST(Cut, IsOpenAtBothEndsAndWithoutGaps) {
  const std::vector<PageRange> ranges = cut(table_of(3 * kChunkPages + 1), 14);
  ASSERT_EQ(ranges.size(), 4U);
  EXPECT_FALSE(ranges.front().first.has_value());
  EXPECT_FALSE(ranges.back().end.has_value());
  for (std::size_t n = 1; n < ranges.size(); ++n) EXPECT_EQ(ranges[n].first, ranges[n - 1].end);
  EXPECT_EQ(ranges[1].first, kChunkPages);
}

// M2: only heap tables, on servers with a TID range scan; conditions of extensions stand alone.
TEST(Cut, LeavesWholeWhatCannotBeReadByRanges) {
  Table table = table_of(10 * kChunkPages);
  EXPECT_EQ(cut(table, 13).size(), 1U);
  table.heap = false;
  EXPECT_EQ(cut(table, 15).size(), 1U);
  table.heap = true;
  table.filter = " WHERE id > 3";
  EXPECT_EQ(cut(table, 15).size(), 1U);
  table.filter.clear();
  table.columns.clear();
  EXPECT_EQ(cut(table, 15).size(), 1U);
  table.columns = {"a"};
  EXPECT_EQ(cut(table, 15).size(), 10U);
}

TEST(CopyOut, NamesTheTableAndItsColumns) {
  EXPECT_EQ(copy_out_statement({"odd \"s\"", "t"}, {"a", "select", "b\"c"}, "", {}),
            R"(COPY "odd ""s"""."t" ("a", "select", "b""c") TO STDOUT)");
}

TEST(CopyOut, HasNoListForATableWithoutColumns) {
  EXPECT_EQ(copy_out_statement({"app", "zero"}, {}, "", {}), R"(COPY "app"."zero" TO STDOUT)");
}

// M2: ONLY, or the rows of inheritance children would be read with their parent's.
TEST(CopyOut, ReadsARangeOfThisTableOnly) {
  EXPECT_EQ(copy_out_statement({"public", "t"}, {"a"}, "", {.first = 4096, .end = 8192}),
            "COPY (SELECT \"a\" FROM ONLY \"public\".\"t\" WHERE ctid >= '(4096,0)'::pg_catalog.tid"
            " AND ctid < '(8192,0)'::pg_catalog.tid) TO STDOUT");
  EXPECT_EQ(copy_out_statement({"public", "t"}, {"a"}, "", {.first = std::nullopt, .end = 4096}),
            "COPY (SELECT \"a\" FROM ONLY \"public\".\"t\" WHERE ctid < "
            "'(4096,0)'::pg_catalog.tid) TO STDOUT");
  EXPECT_EQ(copy_out_statement({"public", "t"}, {"a"}, "", {.first = 4096, .end = std::nullopt}),
            "COPY (SELECT \"a\" FROM ONLY \"public\".\"t\" WHERE ctid >= "
            "'(4096,0)'::pg_catalog.tid) TO STDOUT");
}

// M3: the rows of a configuration table that are the user's.
TEST(CopyOut, KeepsTheConditionOfAnExtension) {
  EXPECT_EQ(copy_out_statement({"public", "t"}, {"a"}, " WHERE not standard", {}),
            "COPY (SELECT \"a\" FROM ONLY \"public\".\"t\" WHERE not standard) TO STDOUT");
}

}  // namespace
}  // namespace scan
