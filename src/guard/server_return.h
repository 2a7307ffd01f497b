// The run's own connection to the server when the server crashed, or the network was cut.
#pragma once

#include <chrono>

#include "guard/take_back.h"
#include "util/error.h"

namespace guard {

constexpr std::chrono::milliseconds kServerReturns = std::chrono::seconds(60);

// A new one, with the lock of the database, if the old one is dead; waits for the server. Throws
// Kind::Connect or Kind::Busy if it is not to be had in time.
void require_server(const RunContext& context, std::chrono::milliseconds patience = kServerReturns);

// `step`, and once more on a new connection if the old one was lost in it: for steps that look what
// they find done already.
template <typename Step>
auto with_server(const RunContext& context, const Step& step,
                 std::chrono::milliseconds patience = kServerReturns) {
  try {
    return step();
  } catch (const util::Error& error) {
    if (error.kind() != util::Kind::Connect && error.kind() != util::Kind::InDoubt) throw;
  }
  require_server(context, patience);
  return step();
}

}  // namespace guard
