// Which rows differ: the same as comparing all of them, in any memory.
#include "compare/table_rows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "archive/copy_text.h"
#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace {

using compare::Change;
using util::cat;
using Rows = std::vector<std::string>;

// Rows in memory, dealt out to threads as a real side does.
class MemorySide : public compare::Side {
 public:
  MemorySide(Rows all, std::vector<std::string> key) : rows(std::move(all)), key_(std::move(key)) {}

  std::string display() const override { return "memory"; }
  std::string encoding() const override { return "UTF8"; }
  std::size_t workers() const override { return 3; }
  const compare::Contents& contents() override { return contents_; }
  void read(const compare::Table&, const std::vector<std::string>&, const compare::RowSink& sink,
            const std::stop_token& stop) override {
    ++reads;
    util::run_workers(workers(), stop, [&](std::size_t worker, const std::stop_token&) {
      for (std::size_t n = worker; n < rows.size(); n += workers()) sink(worker, rows[n]);
    });
    if (on_read) on_read();
  }
  codec::Fingerprint sum_generated(const compare::Table&,
                                   const std::vector<std::string>&) override {
    return {};
  }
  std::vector<std::string> primary_key(const compare::Table&) override { return key_; }
  compare::ForeignKeys foreign_keys() override { return {}; }

  codec::Fingerprint sum() const {
    codec::Fingerprint sum;
    for (const std::string& row : rows) sum.add_row(std::as_bytes(std::span(row)));
    return sum;
  }

  Rows rows;
  int reads = 0;
  std::function<void()> on_read;

 private:
  std::vector<std::string> key_;
  compare::Contents contents_;
};

struct Told : compare::RowListener {
  void begin(const compare::TableRows& table) override {
    key = table.key;
    ++tables;
  }
  void row(const compare::RowChange& change) override {
    if (change.what == Change::Added) added.emplace_back(change.after);
    if (change.what == Change::Deleted) deleted.emplace_back(change.before);
    if (change.what == Change::Changed)
      changed.emplace_back(cat(change.before, " > ", change.after));
  }
  int tables = 0;
  std::vector<std::string> key;
  Rows added, deleted, changed;
};

struct Compared {
  Told told;
  bool equal = false;
};

class TableRows : public testing::Test {
 protected:
  compare::Table table(const MemorySide& side) const {
    compare::Table table;
    table.name = {"public", "t"};
    table.columns = {"id", "v"};
    for (const std::string& row : side.rows) table.bytes += row.size() + 1;
    if (known) table.rows_sum = side.sum();
    return table;
  }
  Compared compare_sides(MemorySide& a, MemorySide& b) {
    const compare::Table in_a = table(a);
    const compare::Table in_b = table(b);
    compare::RowsComparison rows({a, b, in_a, in_b}, options, {});
    Compared out;
    out.equal = rows.equal();
    if (!out.equal) rows.find_changes(out.told);
    return out;
  }
  bool known = false;  // fingerprints, as backups have them
  compare::Options options{.table = {},
                           .detail = compare::Detail::Rows,
                           .order = compare::Order::ByName,
                           .memory_bytes = 1U << 20U};
};

TEST_F(TableRows, OfEqualTablesAreReadOnceOrNotAtAll) {
  const Rows rows{"1\ta", "2\tb", "3\t\\N"};
  MemorySide a(rows, {"id"});
  MemorySide b({rows.rbegin(), rows.rend()}, {"id"});
  EXPECT_TRUE(compare_sides(a, b).equal);
  EXPECT_EQ(a.reads + b.reads, 2);
  known = true;
  EXPECT_TRUE(compare_sides(a, b).equal);
  EXPECT_EQ(a.reads + b.reads, 2);
}

TEST_F(TableRows, AreTheSameOnesByTheirKey) {
  MemorySide a({"1\ta", "2\tb", "10\t\\N", "4\t"}, {"id"});
  MemorySide b({"2\tB", "10\t", "4\t", "5\te", "11\tf"}, {"id"});
  const Told told = compare_sides(a, b).told;
  EXPECT_EQ(told.deleted, Rows{"1\ta"});
  EXPECT_EQ(told.changed, (Rows{"2\tb > 2\tB", "10\t\\N > 10\t"})) << "NULL is not the empty text";
  EXPECT_EQ(told.added, (Rows{"5\te", "11\tf"})) << "in the order of the key";
}

TEST_F(TableRows, WithoutAKeyAreCountedOneByOne) {
  MemorySide a({"x\t1", "x\t1", "x\t1", "y\t2"}, {});
  MemorySide b({"x\t1", "y\t2", "y\t2"}, {"id"});  // a key of one side only is none
  const Told told = compare_sides(a, b).told;
  EXPECT_TRUE(told.key.empty());
  EXPECT_EQ(told.deleted, (Rows{"x\t1", "x\t1"}));
  EXPECT_EQ(told.added, Rows{"y\t2"});
  EXPECT_TRUE(told.changed.empty());
}

TEST_F(TableRows, ThatDifferAreFoundInAnyMemory) {
  const auto seed = std::random_device{}();
  std::mt19937_64 random(seed);
  SCOPED_TRACE(cat("seed ", seed));
  for (const std::size_t memory : {std::size_t{1} << 20U, std::size_t{2048}, std::size_t{200}}) {
    options.memory_bytes = memory;
    std::map<int, std::string> before, after;
    for (int id = 0; id < 500; ++id) before[id * 3] = cat("v", random() % 5);
    after = before;
    std::set<std::string> deleted, added, changed;
    for (int n = 0; n < 100; ++n) {
      const int id = static_cast<int>(random() % 1500);
      after.erase(id);
      if (random() % 2 == 0) after[id] = cat("w", random() % 5);
    }
    Rows rows_a, rows_b;
    for (const auto& [id, v] : before) {
      rows_a.push_back(cat(id, "\t", v));
      if (!after.contains(id)) deleted.insert(rows_a.back());
    }
    for (const auto& [id, v] : after) {
      rows_b.push_back(cat(id, "\t", v));
      if (!before.contains(id)) added.insert(rows_b.back());
      if (before.contains(id) && before[id] != v)
        changed.insert(cat(id, "\t", before[id], " > ", rows_b.back()));
    }
    std::shuffle(rows_a.begin(), rows_a.end(), random);
    std::shuffle(rows_b.begin(), rows_b.end(), random);
    MemorySide a(rows_a, {"id"});
    MemorySide b(rows_b, {"id"});
    const Told told = compare_sides(a, b).told;
    EXPECT_EQ(std::set<std::string>(told.deleted.begin(), told.deleted.end()), deleted);
    EXPECT_EQ(std::set<std::string>(told.added.begin(), told.added.end()), added);
    EXPECT_EQ(std::set<std::string>(told.changed.begin(), told.changed.end()), changed);
    EXPECT_EQ(told.deleted.size() + told.added.size() + told.changed.size(),
              deleted.size() + added.size() + changed.size());
  }
}

// A damaged backup never looks like a difference of the data.
TEST_F(TableRows, ThatAreNotThoseOfTheManifestAreDamage) {
  MemorySide a({"1\ta", "2\tb"}, {"id"});
  MemorySide b({"1\ta"}, {"id"});
  compare::Table in_a = table(a);
  in_a.rows_sum = b.sum();
  in_a.rows_sum->low += 1;
  const compare::Table in_b = table(b);
  compare::RowsComparison rows({a, b, in_a, in_b}, options, {});
  EXPECT_FALSE(rows.equal());
  Told told;
  try {
    rows.find_changes(told);
    ADD_FAILURE() << "the damage was not noticed";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Damage);
  }
  EXPECT_EQ(told.tables, 0);
}

TEST_F(TableRows, ThatAreOthersWhenReadAgainAreNotBelieved) {
  MemorySide a({"1\ta", "2\tb"}, {"id"});
  MemorySide b({"1\ta"}, {"id"});
  a.on_read = [&a] { a.rows = {"1\ta", "3\tc"}; };
  Told told;
  const compare::Table in_a = table(a);
  const compare::Table in_b = table(b);
  compare::RowsComparison rows({a, b, in_a, in_b}, options, {});
  EXPECT_FALSE(rows.equal());
  EXPECT_THROW(rows.find_changes(told), util::Error);
}

TEST_F(TableRows, AreNotKeptWhereTheirBucketsAreEqual) {
  compare::Buckets a(8);
  compare::Buckets b(8);
  codec::Fingerprint row;
  row.add_row(std::as_bytes(std::span("1\ta")));
  a.add(row);
  EXPECT_EQ(std::ranges::count(a.differing(b), true), 1);
  EXPECT_TRUE(a.differing(b)[compare::Buckets::of(row, 8)]);
  b.add(row);
  EXPECT_EQ(std::ranges::count(a.differing(b), true), 0);
}

}  // namespace
