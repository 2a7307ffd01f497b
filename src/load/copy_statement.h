// The COPY statement of a data entry, taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "archive/toc.h"

namespace load {

struct CopyStatement {
  std::string schema;  // raw
  std::string table;   // raw
  std::string rest;    // " (columns) " as it stands, up to FROM stdin
};
// Nothing if it is not "COPY schema.table … FROM stdin;".
std::optional<CopyStatement> parse_copy(std::string_view text);

enum class Freeze { No, Yes };
// The statement to send.
std::string copy_sql(const CopyStatement& copy, Freeze freeze);

}  // namespace load
