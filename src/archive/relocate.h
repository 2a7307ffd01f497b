// Statements of an archive with some of its relations in another schema, so that a table can be
// made beside the one that has its name. Names stay, only the schema changes: what the server's
// deparse says without a schema (a whole row, a column within a subquery) goes on meaning the same.
//
// Knows tokens, not grammar: qualified names outside of literals, and literals that are a regclass.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "archive/toc.h"

namespace archive {

class Relocation {
 public:
  // The relation schema.name goes to schema `to`.
  void add(std::string_view schema, std::string_view name, std::string_view to) {
    moved_[{std::string(schema), std::string(name)}] = to;
  }
  // Where it goes; nothing if it stays.
  const std::string* schema_of(std::string_view schema, std::string_view name) const;

  std::string statement(std::string_view sql) const;
  // Definition, COPY statement and, if it is moved itself, the schema.
  TocEntry entry(const TocEntry& entry) const;

 private:
  class Pass;

  std::map<std::pair<std::string, std::string>, std::string> moved_;
};

}  // namespace archive
