#include "pg/result.h"

#include <libpq-fe.h>

#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

[[noreturn]] void unexpected(const pg_result* raw, int row, int column, std::string_view what) {
  const char* const name = PQfname(raw, column);
  throw util::Error(util::Kind::Bug,
                    util::cat("column ", name == nullptr ? "?" : name, " (number ", column,
                              ") of row ", row, " of a catalog query is ", what));
}

std::string_view required(const pg_result* raw, std::optional<std::string_view> value, int row,
                          int column) {
  if (!value) unexpected(raw, row, column, "NULL or missing");
  return *value;
}

}  // namespace

void ResultDeleter::operator()(pg_result* raw) const noexcept { PQclear(raw); }

int Result::row_count() const noexcept { return PQntuples(raw_.get()); }
int Result::column_count() const noexcept { return PQnfields(raw_.get()); }
std::string_view Result::column_name(int column) const noexcept {
  const char* name = PQfname(raw_.get(), column);
  return name == nullptr ? std::string_view{} : name;
}

std::optional<std::string_view> Result::text(int row, int column) const noexcept {
  if (row < 0 || row >= row_count() || column < 0 || column >= column_count()) return std::nullopt;
  if (PQgetisnull(raw_.get(), row, column) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(raw_.get(), row, column),
                          static_cast<std::size_t>(PQgetlength(raw_.get(), row, column)));
}

std::string Result::str(int row, int column) const {
  return std::string(required(raw_.get(), text(row, column), row, column));
}

std::uint64_t Result::u64(int row, int column) const {
  const std::optional<std::uint64_t> value =
      util::parse_u64(required(raw_.get(), text(row, column), row, column));
  if (!value) unexpected(raw_.get(), row, column, "not an unsigned number");
  return *value;
}

std::int64_t Result::i64(int row, int column) const {
  const std::optional<std::int64_t> value =
      util::parse_i64(required(raw_.get(), text(row, column), row, column));
  if (!value) unexpected(raw_.get(), row, column, "not a number");
  return *value;
}

bool Result::boolean(int row, int column) const {
  const std::string_view value = required(raw_.get(), text(row, column), row, column);
  if (value != "t" && value != "f") unexpected(raw_.get(), row, column, "not a boolean");
  return value == "t";
}

std::uint64_t Result::affected_rows() const noexcept {
  return util::parse_u64(PQcmdTuples(raw_.get())).value_or(0);
}

}  // namespace pg
