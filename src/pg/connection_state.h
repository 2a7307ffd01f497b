// What a Connection holds, and how libpq's answers become results and errors. Private to this
// module.
#pragma once

#include <deque>
#include <memory>
#include <string>

#include "pg/connect.h"
#include "pg/connection.h"

struct pg_cancel;

namespace util {
class Error;
}

namespace pg {

struct FreeCancel {
  void operator()(pg_cancel* raw) const noexcept;
};

struct Connection::State {
  RawConnection connection;
  std::unique_ptr<pg_cancel, FreeCancel> cancel;
  std::string where;  // user@host:port/db
  std::deque<Notice> notices;

  pg_conn* raw() const noexcept { return connection.get(); }
  // Takes `raw` over: a Result if the statement succeeded, else throws what failure() says.
  Result adopt(pg_result* result);
  // The answer to a statement that was just sent (`sent` is what libpq's send function returned).
  Result take_answer(int sent);
  // The Error for a failed `result`, or for the connection's own failure if there is none.
  util::Error failure(const pg_result* result) const;
  // Reads what is left of the current statement and ends a COPY; errors are dropped.
  void drain() noexcept;
  enum class Copy { In, Out };
  // Sends `sql` and returns once the server is ready for the COPY's data.
  void begin_copy(std::string_view sql, Copy direction);
  // As PQgetCopyData: the length of the next row, or less than 0 when there is none.
  int next_row(char** row, const GrowingRow& on_growing);
  // After the data: the outcome. Returns the rows of the command tag.
  std::uint64_t end_copy();
};

}  // namespace pg
