// Opening a libpq connection so that it can be stopped and ends in time.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "pg/conninfo.h"

struct pg_conn;

namespace pg {

struct FinishConnection {
  void operator()(pg_conn* raw) const noexcept;
};
using RawConnection = std::unique_ptr<pg_conn, FinishConnection>;

// Throws Kind::Connect, or Kind::Interrupted when `stop` ended it.
RawConnection connect(const ConnInfo& info, std::string_view application_name,
                      const std::stop_token& stop);

// A message of libpq, which may have several lines, as one.
std::string one_line(std::string_view text);

}  // namespace pg
