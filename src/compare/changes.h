// What happened to the rows of a table between two sides that are sorted by the same key.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "compare/sorter.h"

namespace compare {

enum class Change { Added, Changed, Deleted };  // from A to B

// Rows as COPY text without newline; empty views where there is none. Valid during the call only.
struct RowChange {
  Change what = Change::Added;
  std::string_view before, after;  // in A, in B
};
using ChangeSink = std::function<void(const RowChange& change)>;

// Rows with the same key are one row that may have changed, in the order of the keys. Of rows that
// are the same several times, as many as one side has more are added or deleted.
void merge(SortedRows& a, SortedRows& b, const ChangeSink& sink);

}  // namespace compare
