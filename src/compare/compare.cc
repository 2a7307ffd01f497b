#include "compare/compare.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "compare/foreign_keys.h"
#include "compare/table_rows.h"
#include "extract/pattern.h"
#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace compare {
namespace {

using util::cat;
using util::Error;
using util::Kind;
using Names = std::vector<std::string>;

template <typename T>
std::vector<T> minus(std::vector<T> left, std::vector<T> right) {
  std::sort(left.begin(), left.end());
  std::sort(right.begin(), right.end());
  std::vector<T> rest;
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(),
                      std::back_inserter(rest));
  return rest;
}

std::optional<std::uint64_t> rows_of(const Table& table) {
  return table.rows_sum ? std::optional(table.rows_sum->rows) : std::nullopt;
}

class Run {
 public:
  Run(Side& a, Side& b, const Options& options, RowListener* listener, util::Reporter& reporter,
      std::stop_token stop)
      : a_(a),
        b_(b),
        options_(options),
        listener_(listener),
        reporter_(reporter),
        stop_(std::move(stop)) {}

  Report run() {
    if (a_.encoding() != b_.encoding()) {
      throw Error(Kind::Usage,
                  cat(a_.display(), " holds ", a_.encoding(), " text, ", b_.display(), " ",
                      b_.encoding(), ": their rows cannot be compared"),
                  {.hint = "Restore one of them, and compare the other with the database.",
                   .sqlstate = {}});
    }
    choose_tables();
    if (options_.table.empty()) {
      compare_objects();
      compare_sequences();
      compare_large_objects();
    }
    for (const pg::QualifiedName& name : order()) compare_table(name);
    std::sort(report_.tables.begin(), report_.tables.end(),
              [](const TableDifference& x, const TableDifference& y) { return x.name < y.name; });
    return std::move(report_);
  }

 private:
  void choose_tables() {
    std::optional<extract::TablePattern> pattern;
    if (!options_.table.empty()) pattern.emplace(options_.table);
    for (Side* const side : {&a_, &b_}) {
      for (const auto& [name, table] : side->contents().tables) {
        if (pattern && !pattern->matches(name.schema, name.name)) continue;
        names_.push_back(name);
        total_ += table.bytes;
      }
    }
    std::sort(names_.begin(), names_.end());
    names_.erase(std::unique(names_.begin(), names_.end()), names_.end());
    if (pattern && names_.empty()) {
      throw Error(Kind::Usage, cat("neither ", a_.display(), " nor ", b_.display(), " has a table ",
                                   util::printable(options_.table)));
    }
  }

  std::vector<pg::QualifiedName> order() {
    return options_.order == Order::ByName ? names_ : referring_first(names_, a_.foreign_keys());
  }

  void compare_objects() {
    report_.objects_only_a = minus(a_.contents().objects, b_.contents().objects);
    report_.objects_only_b = minus(b_.contents().objects, a_.contents().objects);
  }

  // One that only one side has is told as an object.
  void compare_sequences() {
    const auto& others = b_.contents().sequences;
    for (const auto& [name, position] : a_.contents().sequences) {
      const auto other = others.find(name);
      if (other != others.end() && !(other->second == position))
        report_.sequences.push_back({name, position, other->second});
    }
  }

  void compare_large_objects() {
    std::map<std::uint32_t, LargeObjectDifference> all;
    for (const auto& [oid, object] : a_.contents().large_objects) all[oid].a = object;
    for (const auto& [oid, object] : b_.contents().large_objects) all[oid].b = object;
    for (auto& [oid, objects] : all) {
      if (objects.a == objects.b) continue;
      objects.oid = oid;
      report_.large_objects.push_back(std::move(objects));
    }
  }

  void compare_table(const pg::QualifiedName& name) {
    util::throw_if_stopped(stop_);
    const auto& tables_a = a_.contents().tables;
    const auto& tables_b = b_.contents().tables;
    const auto in_a = tables_a.find(name);
    const auto in_b = tables_b.find(name);
    try {
      if (in_a == tables_a.end()) {
        report_.tables.push_back({.what = TableDifference::What::OnlyInB,
                                  .name = name,
                                  .rows_b = rows_of(in_b->second)});
      } else if (in_b == tables_b.end()) {
        report_.tables.push_back({.what = TableDifference::What::OnlyInA,
                                  .name = name,
                                  .rows_a = rows_of(in_a->second)});
      } else {
        compare_pair({a_, b_, in_a->second, in_b->second});
      }
    } catch (Error& failure) {
      util::throw_if_stopped(stop_);  // cancelled because of it
      throw failure.while_doing(cat("comparing table ", name.display()));
    }
    if (in_a != tables_a.end()) done_ += in_a->second.bytes;
    if (in_b != tables_b.end()) done_ += in_b->second.bytes;
    reporter_.progress("compare", done_, total_);
  }

  void compare_pair(const Pair& pair) {
    const pg::QualifiedName& name = pair.in_a.name;
    TableDifference difference{.what = TableDifference::What::Columns,
                               .name = name,
                               .rows_a = rows_of(pair.in_a),
                               .rows_b = rows_of(pair.in_b),
                               .counts = {},
                               .only_a = minus(pair.in_a.columns, pair.in_b.columns),
                               .only_b = minus(pair.in_b.columns, pair.in_a.columns)};
    if (!difference.only_a.empty() || !difference.only_b.empty()) {
      report_.tables.push_back(std::move(difference));
      return;
    }
    RowsComparison rows(pair, options_, stop_);
    if (!rows.equal()) {
      difference.what = TableDifference::What::Rows;
      difference.rows_a = rows.sum_a().rows;
      difference.rows_b = rows.sum_b().rows;
      if (listener_ != nullptr && options_.detail == Detail::Rows)
        difference.counts = rows.find_changes(*listener_);
      report_.tables.push_back(std::move(difference));
    } else if (!generated_equal(pair)) {
      difference.what = TableDifference::What::Generated;
      report_.tables.push_back(std::move(difference));
    } else {
      ++report_.equal_tables;
      report_.equal_rows += rows.sum_a().rows;
    }
  }

  // Their columns follow from the others, unless a function was changed since (S14). Columns that
  // only one side generates are told as objects.
  bool generated_equal(const Pair& pair) {
    const Names& columns = pair.in_a.generated;
    if (columns.empty() || columns != pair.in_b.generated) return true;
    const auto sum = [&columns](Side& side, const Table& table) {
      return table.generated_sum ? *table.generated_sum : side.sum_generated(table, columns);
    };
    return sum(pair.a, pair.in_a) == sum(pair.b, pair.in_b);
  }

  Side& a_;
  Side& b_;
  const Options& options_;
  RowListener* const listener_;
  util::Reporter& reporter_;
  const std::stop_token stop_;
  std::vector<pg::QualifiedName> names_;  // of the tables of either side
  std::uint64_t done_ = 0, total_ = 0;
  Report report_;
};

}  // namespace

void Counts::add(Change change) noexcept {
  added += change == Change::Added ? 1U : 0U;
  changed += change == Change::Changed ? 1U : 0U;
  deleted += change == Change::Deleted ? 1U : 0U;
}

bool Report::equal() const noexcept {
  return tables.empty() && objects_only_a.empty() && objects_only_b.empty() && sequences.empty() &&
         large_objects.empty();
}

Report run(Side& a, Side& b, const Options& options, RowListener* listener,
           util::Reporter& reporter, std::stop_token stop) {
  return Run(a, b, options, listener, reporter, std::move(stop)).run();
}

}  // namespace compare
