// Rows of one column.
#pragma once

#include <string>
#include <vector>

#include "pg/connection.h"

namespace pg {

inline std::vector<std::string> first_column(const Result& rows) {
  std::vector<std::string> out;
  for (int row = 0; row < rows.row_count(); ++row) out.push_back(rows.str(row, 0));
  return out;
}

}  // namespace pg
