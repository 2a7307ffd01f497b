// The rows of one statement that succeeded.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct pg_result;

namespace pg {

struct ResultDeleter {
  void operator()(pg_result* raw) const noexcept;
};

// Exists only for success: Connection makes it and throws otherwise. Views live as long as the
// Result.
class Result {
 public:
  explicit Result(pg_result* raw) noexcept : raw_(raw) {}

  int row_count() const noexcept;
  int column_count() const noexcept;
  std::string_view column_name(int column) const noexcept;
  std::optional<std::string_view> text(int row, int column) const noexcept;  // nullopt is SQL NULL
  // For columns that cannot be NULL; NULL is Kind::Bug.
  std::string str(int row, int column) const;
  std::uint64_t u64(int row, int column) const;
  std::int64_t i64(int row, int column) const;
  bool boolean(int row, int column) const;
  std::uint64_t affected_rows() const noexcept;  // of the command tag; 0 if it has none

 private:
  std::unique_ptr<pg_result, ResultDeleter> raw_;
};

}  // namespace pg
