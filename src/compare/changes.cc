#include "compare/changes.h"

namespace compare {

void merge(SortedRows& a, SortedRows& b, const ChangeSink& sink) {
  std::optional<SortedRow> left = a.next();
  std::optional<SortedRow> right = b.next();
  while (left || right) {
    const int order = !left ? 1 : !right ? -1 : left->key.compare(right->key);
    if (order < 0) {
      sink({.what = Change::Deleted, .before = left->row, .after = {}});
    } else if (order > 0) {
      sink({.what = Change::Added, .before = {}, .after = right->row});
    } else if (left->row != right->row) {
      sink({.what = Change::Changed, .before = left->row, .after = right->row});
    }
    if (order <= 0) left = a.next();
    if (order >= 0) right = b.next();
  }
}

}  // namespace compare
