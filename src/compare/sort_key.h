// The order of rows: by some of their fields, integers by value and before everything else, the
// rest by bytes, NULL last. No collation has a part in it, so two sides agree whatever theirs are.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace compare {

// Appends what stands for a field of COPY text: bytes that compare (as memcmp does) in the order
// above, none of them the beginning of another's; equal exactly if the fields are the same.
void append_sort_key(std::string& key, std::string_view field);

// Threads: one each.
class KeyMaker {
 public:
  explicit KeyMaker(std::vector<std::size_t> fields) : fields_(std::move(fields)) {}
  // The key of a row of COPY text (without its newline) by these fields, all if there are none;
  // valid until the next call. Kind::Damage if the row has fewer.
  std::string_view of(std::string_view row);

 private:
  std::vector<std::size_t> fields_;
  std::vector<std::string_view> split_;
  std::string key_;
};

}  // namespace compare
