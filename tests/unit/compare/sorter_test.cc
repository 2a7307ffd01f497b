// Rows sorted in bounded memory: whatever fits, is spilled once, or is merged several times.
#include "compare/sorter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "util/files.h"
#include "util/text.h"

namespace {

using compare::Sorter;
using Rows = std::vector<std::pair<std::string, std::string>>;

Rows taken(compare::SortedRows& sorted) {
  Rows rows;
  while (const std::optional<compare::SortedRow> row = sorted.next())
    rows.emplace_back(row->key, row->row);
  return rows;
}

Rows random_rows(std::size_t count, std::mt19937_64& random) {
  Rows rows;
  for (std::size_t n = 0; n < count; ++n) {
    rows.emplace_back(util::cat(random() % (count / 2)),
                      std::string(random() % 40, static_cast<char>('a' + random() % 26)));
  }
  return rows;
}

void expect_sorted(std::size_t count, std::size_t memory_bytes, std::uint64_t fewest_runs,
                   std::uint64_t most_runs) {
  const auto seed = std::random_device{}();
  std::mt19937_64 random(seed);
  SCOPED_TRACE(util::cat("seed ", seed));
  Rows rows = random_rows(count, random);
  const util::TempDir folder("pgbelay-sorter-test-");
  Sorter sorter(folder.path(), "run", memory_bytes);
  for (const auto& [key, row] : rows) sorter.add(key, row);
  const Rows sorted = taken(*sorter.finish());
  std::sort(rows.begin(), rows.end());
  EXPECT_EQ(sorted, rows);
  EXPECT_GE(sorter.runs_written(), fewest_runs);
  EXPECT_LE(sorter.runs_written(), most_runs);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path())) << "runs are removed when they are read";
}

TEST(Sorter, KeepsInMemoryWhatFits) { expect_sorted(1000, 1U << 20U, 0, 0); }
TEST(Sorter, SpillsWhatDoesNotFit) { expect_sorted(2000, 16U << 10U, 3, 60); }
TEST(Sorter, MergesRunsThatAreTooMany) { expect_sorted(3000, 1U << 10U, 65, 1000); }
TEST(Sorter, SpillsEachRowIfItMust) { expect_sorted(200, 1, 200, 400); }
TEST(Sorter, GivesNothingOfNothing) {
  const util::TempDir folder("pgbelay-sorter-test-");
  Sorter sorter(folder.path(), "run", 1);
  EXPECT_TRUE(taken(*sorter.finish()).empty());
}

TEST(Sorter, TakesRowsLargerThanItsBuffers) {
  const util::TempDir folder("pgbelay-sorter-test-");
  Sorter sorter(folder.path(), "run", 1024);
  const std::string large(300000, 'x');
  sorter.add("b", large);
  sorter.add("a", "");
  sorter.add("c", "end");
  const Rows expected{{"a", ""}, {"b", large}, {"c", "end"}};
  EXPECT_EQ(taken(*sorter.finish()), expected);
}

}  // namespace
