#include "migrate/lost_commit.h"

#include <chrono>
#include <optional>
#include <thread>

#include "migrate/sql_history.h"
#include "util/error.h"

namespace migrate {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;  // for the server to be there again and to know
constexpr auto kAskAgain = 100ms;

// Nothing while the server does not know yet: it may not have noticed that the client has gone.
std::optional<CommitFate> ask(pg::Connection& connection, const std::string& transaction) {
  const pg::Result answer = connection.query(sql::transaction_status(), {transaction});
  const std::optional<std::string_view> status = answer.text(0, 0);
  if (!status) return CommitFate::Unknown;
  if (*status == "committed") return CommitFate::Committed;
  if (*status == "aborted") return CommitFate::Aborted;
  return std::nullopt;
}

}  // namespace

std::string own_transaction(pg::Connection& connection) {
  const pg::Result id = connection.query(sql::own_transaction());
  return std::string(id.text(0, 0).value_or(""));
}

CommitFate fate_of_commit(const std::function<pg::Connection()>& reconnect,
                          const std::string& transaction, const std::stop_token& stop) {
  if (!reconnect || transaction.empty()) return CommitFate::Unknown;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!stop.stop_requested()) {
    try {
      pg::Connection connection = reconnect();
      for (;;) {
        if (const auto fate = ask(connection, transaction)) return *fate;
        if (std::chrono::steady_clock::now() >= deadline) return CommitFate::Unknown;
        std::this_thread::sleep_for(kAskAgain);
      }
    } catch (const util::Error& error) {  // not there yet, or gone again
      if (error.kind() != util::Kind::Connect) return CommitFate::Unknown;
    }
    if (std::chrono::steady_clock::now() >= deadline) return CommitFate::Unknown;
    std::this_thread::sleep_for(kAskAgain);
  }
  return CommitFate::Unknown;
}

}  // namespace migrate
