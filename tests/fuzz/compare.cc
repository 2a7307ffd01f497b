// Rows of two sides, sorted in next to no memory and merged: what is told to differ turns the one
// side into the other, whatever the rows and the key.
//
// Input: how many fields the key has, then the rows; an empty line divides A from B.
#include <algorithm>
#include <map>
#include <set>

#include "archive/copy_text.h"
#include "compare/changes.h"
#include "compare/sort_key.h"
#include "compare/sorter.h"
#include "fuzz/fuzz.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using Rows = std::multiset<std::string>;

constexpr std::size_t kMemory = 512;  // so that nearly everything is spilled and merged
constexpr std::size_t kMostRows = 400;

void remove(Rows& rows, std::string_view row) {
  const auto found = rows.find(std::string(row));
  fuzz::require(found != rows.end(), "only rows of A are taken away");
  rows.erase(found);
}

std::string key_of(std::string_view row, const std::vector<std::size_t>& fields) {
  return std::string(compare::KeyMaker(fields).of(row));
}

void check_keys(const std::vector<std::string_view>& fields) {
  for (std::size_t n = 0; n + 1 < std::min<std::size_t>(fields.size(), 16); ++n) {
    std::string one, other;
    compare::append_sort_key(one, fields[n]);
    compare::append_sort_key(other, fields[n + 1]);
    fuzz::require((one == other) == (fields[n] == fields[n + 1]), "equal keys are equal fields");
    if (one == other) continue;
    fuzz::require(!one.starts_with(other) && !other.starts_with(one), "no key begins another");
    if (fields[n] == archive::kNullField) fuzz::require(one > other, "NULL comes last");
  }
}

void check(const std::vector<std::string_view>& a, const std::vector<std::string_view>& b,
           const std::vector<std::size_t>& key) {
  static const util::TempDir folder("pgbelay-fuzz-", "/dev/shm");
  compare::Sorter sorted_a(folder.path(), "a", kMemory), sorted_b(folder.path(), "b", kMemory);
  for (const std::string_view row : a) sorted_a.add(key_of(row, key), row);
  for (const std::string_view row : b) sorted_b.add(key_of(row, key), row);
  Rows rows(a.begin(), a.end());
  const Rows expected(b.begin(), b.end());
  std::string last;
  compare::merge(*sorted_a.finish(), *sorted_b.finish(), [&](const compare::RowChange& change) {
    const bool added = change.what == compare::Change::Added;
    const std::string now = key_of(added ? change.after : change.before, key);
    fuzz::require(last <= now, "changes come in the order of the keys");
    last = now;
    if (!added) remove(rows, change.before);
    if (change.what == compare::Change::Deleted) return;
    rows.emplace(change.after);
    if (!added) {
      fuzz::require(change.before != change.after, "a changed row has changed");
      fuzz::require(key_of(change.after, key) == now, "a changed row keeps its key");
    }
  });
  fuzz::require(rows == expected, "the changes turn A into B");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  std::vector<std::size_t> key;
  for (std::size_t n = 0; n < data[0] % 4U; ++n) key.push_back(n);
  const std::string_view text = fuzz::text_of(data + 1, size - 1);
  if (text.find('\0') != std::string_view::npos) return 0;  // no server's text has one
  const std::size_t divider = std::min(text.find("\n\n"), text.size());
  std::vector<std::string_view> fields;
  archive::split_row(text.substr(0, divider), fields);
  check_keys(fields);
  const auto rows_of = [](std::string_view part) {
    std::vector<std::string_view> rows = util::split(part, '\n');
    rows.resize(std::min(rows.size(), kMostRows));
    return rows;
  };
  fuzz::accepted([&] {
    check(rows_of(text.substr(0, divider)),
          rows_of(text.substr(std::min(divider + 2, text.size()))), key);
  });
  return 0;
}
