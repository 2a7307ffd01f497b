// The names that SQL says: outside of comments and of literals, quoted or not, qualified or not.
// The text of a DO block and of a function's body is SQL (or another language) that says names,
// too, and so are the strings in it.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace migrate {

class Mentions {
 public:
  enum class Whole { Yes, No };  // No: the text was cut, and may have said more

  // Text that cannot be taken apart (a quote that is not closed) says every word that is in it.
  void add(std::string_view sql, Whole whole = Whole::Yes);

  // Whether `name` is said, alone or behind `schema`. Raw names, as they are in the catalogues.
  bool names(std::string_view schema, std::string_view name) const;
  // Whether these two keywords stand side by side: "reassign owned". Only of those that are looked
  // for.
  bool says(std::string_view two_words) const;
  // False if something that was said may not be known.
  bool complete() const noexcept { return complete_; }

 private:
  void add_tokens(std::string_view sql, bool code, std::size_t depth);
  void add_words(std::string_view text);
  void add_name(std::string_view name, std::string_view qualifier);

  std::unordered_map<std::string, std::set<std::string>> qualifiers_;  // of each name; "": none
  std::set<std::string, std::less<>> phrases_;
  bool complete_ = true;
};

}  // namespace migrate
