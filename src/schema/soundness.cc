#include "schema/soundness.h"

#include "schema/sql_read.h"
#include "schema/sql_soundness.h"
#include "util/text.h"

namespace schema {

std::vector<Dangling> dangling_references(pg::Connection& connection, std::size_t most) {
  connection.query(sql::without_compiling());
  const pg::Result parts = connection.query(sql::reference_checks(connection.server_major()));
  std::vector<std::string> statements;
  for (int row = 0; row < parts.row_count(); ++row) statements.push_back(parts.str(row, 0));
  statements.emplace_back(sql::missing_bounds());
  statements.emplace_back(sql::vanished_grantees());
  const pg::Result rows =
      connection.query(sql::first_dangling(util::join(statements, "\nunion all "), most));
  std::vector<Dangling> out;
  for (int row = 0; row < rows.row_count(); ++row)
    out.push_back({util::printable(rows.str(row, 0)), rows.boolean(row, 1)});
  return out;
}

}  // namespace schema
