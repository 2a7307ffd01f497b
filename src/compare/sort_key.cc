#include "compare/sort_key.h"

#include <algorithm>

#include "archive/copy_text.h"
#include "util/error.h"
#include "util/text.h"

namespace compare {
namespace {

// The first byte of each kind of field, in their order.
enum Kind : char { kNegative = 1, kNatural = 2, kText = 3, kNull = 4 };

constexpr std::size_t kMostDigits = 200;  // the number of digits is one byte of the key

// As the server prints an integer: other texts of the same value are other fields.
bool is_integer(std::string_view field) {
  const bool negative = field.starts_with('-');
  if (negative) field.remove_prefix(1);
  if (field.empty() || field.size() > kMostDigits) return false;
  if (field.front() == '0') return field.size() == 1 && !negative;
  return std::all_of(field.begin(), field.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void append_sort_key(std::string& key, std::string_view field) {
  if (field == archive::kNullField) {
    key.push_back(kNull);
  } else if (!is_integer(field)) {
    key.push_back(kText);
    key += field;
    key += '\0';  // below every byte of a text, none of which is zero
  } else if (field.front() != '-') {
    key.push_back(kNatural);
    key += static_cast<char>(field.size());
    key += field;
  } else {
    // The more digits, and the larger they are, the less it is.
    field.remove_prefix(1);
    key.push_back(kNegative);
    key += static_cast<char>(0xFF - field.size());
    for (const char digit : field) key += static_cast<char>('0' + ('9' - digit));
  }
}

std::string_view KeyMaker::of(std::string_view row) {
  archive::split_row(row, split_);
  key_.clear();
  if (fields_.empty()) {
    for (const std::string_view field : split_) append_sort_key(key_, field);
  }
  for (const std::size_t field : fields_) {
    if (field >= split_.size()) {
      throw util::Error(util::Kind::Damage, util::cat("a row has ", split_.size(), " fields, ",
                                                      field + 1, " at least are named"));
    }
    append_sort_key(key_, split_[field]);
  }
  return key_;
}

}  // namespace compare
