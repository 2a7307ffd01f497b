// Which tables of an archive are meant: names and patterns as psql and pg_dump take them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace extract {

// "members", "app.members", "app.*", "*.log_202?", "\"Odd.Name\"". `*` stands for any characters
// and
// `?` for one; a dot divides schema and table; without one every schema is meant. Letters outside
// of quotes mean lower case ones, characters within them mean themselves.
class TablePattern {
 public:
  explicit TablePattern(std::string_view text);  // Kind::Usage naming what is wrong

  bool matches(std::string_view schema, std::string_view table) const;

 private:
  enum class Stands { ForItself, ForAny, ForAnyNumber };
  struct Part {
    Stands stands = Stands::ForItself;
    char c = 0;
  };
  using Glob = std::vector<Part>;
  static bool matches(const Glob& glob, std::string_view name);

  Glob schema_, table_;
};

}  // namespace extract
