// Which columns have a form of their own in JSON, by what the archive's contents say of the table.
#pragma once

#include <string>
#include <vector>

#include "archive/toc.h"
#include "extract/tables.h"

namespace extract {

enum class JsonType { Text, Number, Boolean, Json };

// Of each of `columns`. Text for all other types (arrays, domains, dates …), and for columns that
// the definition of the table itself does not name: of typed and of inheriting tables, and of
// archives of rows only.
std::vector<JsonType> json_types(const archive::Toc& toc, const Table& table,
                                 const std::vector<std::string>& columns);

// The columns of a definition as pg_dump and the server write it: "CREATE TABLE s.t (\n    a
// integer NOT NULL,\n …".
struct ColumnType {
  std::string name;  // raw
  JsonType type = JsonType::Text;
};
std::vector<ColumnType> column_types(std::string_view definition);

}  // namespace extract
