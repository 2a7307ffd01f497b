// Follows the statements of one session by its protocol, so that an error can be told by its text:
// the messages a client sends are queued, the server's answers take them off again.
//
// Memory: texts are cut at 64 KiB, less when many messages are on their way. With more than 65 536
// of these the order is given up and the statement sent last is named. Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tap/tap.h"

namespace tap {

class StatementLog {
 public:
  // What the frame scanners ask: how much of a message of this type is needed.
  static std::size_t wanted_from_client(char type) noexcept;
  static std::size_t wanted_from_server(char type) noexcept;

  void client_sent(char type, std::string_view payload);
  // The failure, if the message is an ErrorResponse; pid and time are left to the caller.
  std::optional<FailedStatement> server_sent(char type, std::string_view payload);

  // What is over since the last call, in the order of its end; pid is left to the caller.
  std::vector<FinishedStatement> take_finished() { return std::exchange(finished_, {}); }

  // The statement of the message that the client sent last; empty if it has none.
  std::string_view newest() const noexcept {
    return pending_.empty() || !pending_.back().text ? std::string_view() : *pending_.back().text;
  }

  // What would be lost if the connection ended now.
  std::optional<LeftOpen> left_open() const;

  std::uint64_t statements() const noexcept { return statements_; }
  bool running() const noexcept { return !pending_.empty() || lost_; }

 private:
  using Text = std::shared_ptr<const std::string>;
  struct Pending {
    char type;  // of the client's message
    Text text;  // the statement that it belongs to, if any
    util::Clock::time_point sent;
    bool over = false;  // it failed: its ReadyForQuery is not a second end
  };

  Text keep(std::string_view statement) const;
  Text named(const std::map<std::string, Text>& names, std::string_view name) const;
  void remember(std::map<std::string, Text>& names, std::string_view name, Text text);
  void queue(char type, Text text);
  void extended(char type, std::string_view payload);
  void ready(char status);
  void answered(const std::string& tag);
  void finish(Pending& item, std::string sqlstate);
  void begin_copy_in();
  Text failing() const;

  std::deque<Pending> pending_;
  std::map<std::string, Text> prepared_;
  std::map<std::string, Text> portals_;
  Text last_sent_;
  Text last_executed_;
  std::uint64_t statements_ = 0;
  std::vector<FinishedStatement> finished_;
  std::string tag_;
  util::Clock::time_point last_end_;  // what was sent ahead begins when the one before it is over
  // The transaction that is open, as the last ReadyForQuery said; what is answered in a message of
  // several statements belongs to the next one.
  LeftOpen open_;
  Text open_last_;
  bool in_transaction_ = false;
  bool copied_in_ = false;  // the COPY that is answered next wrote
  bool copy_in_ = false;
  bool lost_ = false;
};

}  // namespace tap
