#include "schema/damage.h"

#include <optional>
#include <string>
#include <vector>

#include "schema/sql_damage.h"
#include "util/text.h"

namespace schema {
namespace {

using util::cat;
using util::Error;

constexpr std::string_view kInternal = "XX";  // class of SQLSTATE

std::optional<Error> failure_of(pg::Connection& connection, const std::string& statement) {
  connection.execute("savepoint pgbelay_asked");
  std::optional<Error> failure;
  try {
    connection.query(statement);
  } catch (const Error& error) {
    if (error.sqlstate().empty()) throw;  // the connection
    failure = error;
  }
  connection.execute("rollback to savepoint pgbelay_asked; release savepoint pgbelay_asked");
  return failure;
}

std::vector<std::string> damaged(pg::Connection& connection) {
  constexpr std::size_t kMostNamed = 5;
  std::vector<std::string> lines;
  const pg::Result rows = connection.query(sql::dangling_rows());
  for (int row = 0; row < rows.row_count(); ++row)
    lines.push_back(util::printable(rows.str(row, 0)));
  const pg::Result objects = connection.query(sql::defined_objects());
  for (int row = 0; row < objects.row_count() && lines.size() < kMostNamed; ++row) {
    if (const std::optional<Error> failure = failure_of(connection, objects.str(row, 1)))
      lines.push_back(cat(util::printable(objects.str(row, 0)), ": ", failure->message()));
  }
  return lines;
}

Error named(const Error& error, util::Kind kind, const std::vector<std::string>& lines) {
  return {
      kind,
      cat("the server cannot say how everything is defined: ",
          lines.empty() ? error.message() : util::join(lines, "; ")),
      {.hint = "Something is gone without a DROP: the catalogue is damaged. Drop what is named, "
               "or make it anew.",
       .sqlstate = error.sqlstate()}};
}

}  // namespace

void naming_damage(pg::Connection& connection, util::Kind kind,
                   const std::function<void()>& reading) {
  const bool within = connection.in_transaction();
  if (within) connection.execute("savepoint pgbelay_reading");
  try {
    reading();
  } catch (const Error& error) {
    if (!error.sqlstate().starts_with(kInternal)) throw;
    if (within) {
      connection.execute("rollback to savepoint pgbelay_reading");
      throw named(error, kind, damaged(connection));
    }
    const pg::Transaction looking(connection, pg::Transaction::Mode::RepeatableReadOnly);
    throw named(error, kind, damaged(connection));
  }
  if (within) connection.execute("release savepoint pgbelay_reading");
}

}  // namespace schema
