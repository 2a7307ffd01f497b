// Two reads of each side at most. The first gives the fingerprint and the buckets' sums
// (buckets.h); it is left out where the fingerprint is known and equal. The second takes the rows
// of the buckets that differ, which are sorted by key and merged: what is the same on both sides
// cancels out.
#include "compare/table_rows.h"

#include <algorithm>
#include <span>

#include "compare/sort_key.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "util/workers.h"

namespace compare {
namespace {

using util::cat;

codec::Fingerprint sum_of(std::string_view row) {
  codec::Fingerprint sum;
  sum.add_row(std::as_bytes(std::span(row)));
  return sum;
}

struct alignas(64) WorkerSum {  // a cache line each
  codec::Fingerprint sum;
};

}  // namespace

RowsComparison::RowsComparison(const Pair& pair, const Options& options, std::stop_token stop)
    : options_(options),
      stop_(std::move(stop)),
      columns_(pair.in_a.columns),
      bits_(bucket_bits(std::max(pair.in_a.bytes, pair.in_b.bytes))),
      a_{pair.a, pair.in_a, pair.in_a.rows_sum, nullptr},
      b_{pair.b, pair.in_b, pair.in_b.rows_sum, nullptr} {
  // Rows with their columns in another order have other sums.
  if (pair.in_b.columns != columns_) b_.sum.reset();
}

bool RowsComparison::equal() {
  if (!a_.sum) read(a_);
  if (!b_.sum) read(b_);
  return a_.sum == b_.sum;
}

void RowsComparison::read(Reading& reading) {
  if (options_.detail == Detail::Rows) reading.buckets = std::make_unique<Buckets>(bits_);
  std::vector<WorkerSum> sums(reading.side.workers());
  reading.side.read(
      reading.table, columns_,
      [&](std::size_t worker, std::string_view row) {
        const codec::Fingerprint one = sum_of(row);
        sums[worker].sum += one;
        if (reading.buckets) reading.buckets->add(one);
      },
      stop_);
  codec::Fingerprint sum;
  for (const WorkerSum& part : sums) sum += part.sum;
  if (reading.sum && !(*reading.sum == sum)) {
    throw util::Error(util::Kind::Damage,
                      cat(reading.side.display(), " is damaged: the rows of ",
                          reading.table.name.display(), " are not those of its manifest"),
                      {.hint = "pgbelay verify tells of all damage.", .sqlstate = {}});
  }
  reading.sum = sum;
}

Counts RowsComparison::find_changes(RowListener& listener) {
  if (!a_.buckets) read(a_);
  if (!b_.buckets) read(b_);
  const std::vector<bool> wanted = a_.buckets->differing(*b_.buckets);
  a_.buckets.reset();
  b_.buckets.reset();
  const std::vector<std::string> key_names = key();
  const std::vector<std::size_t> key_fields = positions(key_names);
  const util::TempDir folder("pgbelay-diff-");
  Sorter rows_a(folder.path(), "a", options_.memory_bytes);
  Sorter rows_b(folder.path(), "b", options_.memory_bytes);
  keep(a_, wanted, key_fields, rows_a);
  keep(b_, wanted, key_fields, rows_b);

  Counts counts;
  codec::Fingerprint left = sum_a();
  codec::Fingerprint right = sum_b();
  listener.begin(
      {a_.table.name, a_.table.partitioned && b_.table.partitioned, columns_, key_names});
  const std::unique_ptr<SortedRows> sorted_a = rows_a.finish();
  const std::unique_ptr<SortedRows> sorted_b = rows_b.finish();
  merge(*sorted_a, *sorted_b, [&](const RowChange& change) {
    util::throw_if_stopped(stop_);
    counts.add(change.what);
    if (change.what != Change::Added) right += sum_of(change.before);
    if (change.what != Change::Deleted) left += sum_of(change.after);
    listener.row(change);
  });
  if (!(left == right)) {
    throw util::Error(
        util::Kind::Damage,
        cat("the rows found do not account for the difference of table ", a_.table.name.display(),
            ": it was not read the same twice"),
        {.hint = "Compare again; pgbelay verify tells of a damaged backup.", .sqlstate = {}});
  }
  return counts;
}

void RowsComparison::keep(const Reading& reading, const std::vector<bool>& wanted,
                          const std::vector<std::size_t>& key, Sorter& sorter) {
  std::vector<KeyMaker> makers(reading.side.workers(), KeyMaker(key));
  reading.side.read(
      reading.table, columns_,
      [&](std::size_t worker, std::string_view row) {
        if (wanted[Buckets::of(sum_of(row), bits_)]) sorter.add(makers[worker].of(row), row);
      },
      stop_);
}

// Only what both sides know as the primary key is one.
std::vector<std::string> RowsComparison::key() const {
  std::vector<std::string> key = a_.side.primary_key(a_.table);
  std::vector<std::string> other = b_.side.primary_key(b_.table);
  if (!std::is_permutation(key.begin(), key.end(), other.begin(), other.end())) return {};
  const bool in_rows = std::all_of(key.begin(), key.end(), [&](const std::string& column) {
    return std::find(columns_.begin(), columns_.end(), column) != columns_.end();
  });
  return in_rows ? key : std::vector<std::string>();
}

std::vector<std::size_t> RowsComparison::positions(const std::vector<std::string>& names) const {
  std::vector<std::size_t> fields;
  for (const std::string& name : names) {
    fields.push_back(static_cast<std::size_t>(std::find(columns_.begin(), columns_.end(), name) -
                                              columns_.begin()));
  }
  return fields;
}

}  // namespace compare
