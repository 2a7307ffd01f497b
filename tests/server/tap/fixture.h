// A tap before a server that asks for a SCRAM password, and real clients of it. The server speaks
// TLS too.
#pragma once

#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/server.h"
#include "tap/tap.h"
#include "util/error.h"
#include "util/files.h"

namespace tap::testing_tap {

enum class Towards { Plain, Tls };  // the server; clients are plain unless a test says otherwise

inline std::string towards_name(const ::testing::TestParamInfo<Towards>& value) {
  return value.param == Towards::Tls ? "Tls" : "Plain";
}

// The scram server with a certificate of its own; `certificate` is the file that verifies it.
std::filesystem::path certificate_of_scram_server();

using RawClient = std::unique_ptr<PGconn, decltype(&PQfinish)>;
using RawResult = std::unique_ptr<PGresult, decltype(&PQclear)>;

class TapTest : public test::ServerTest {
 protected:
  void SetUp() override;

  // With the callbacks and settings of `options`; server and application name are filled in.
  void start(Options options = {}, Towards towards = Towards::Plain);
  void stop() { tap_.reset(); }
  pg::ConnInfo client() const;  // what the command gets
  pg::Connection connect() const { return pg::Connection::open(client(), "client"); }
  RawClient raw(const std::vector<std::pair<std::string, std::string>>& changed = {}) const;
  util::UniqueFd dial() const;  // a client that has not said anything yet
  RawResult exec(const RawClient& connection, const std::string& sql) const;
  // All of them sent before an answer is read; their results in order.
  static std::vector<RawResult> pipelined(const RawClient& connection,
                                          const std::vector<std::string>& statements);

  const test::TestDatabase& database() const { return *database_; }
  pg::ConnInfo server() const { return database_->conninfo(); }
  Tap& tap() { return *tap_; }
  // Until `condition`, at most ten seconds.
  template <typename Condition>
  bool eventually(Condition condition) const;

 private:
  std::unique_ptr<test::TestDatabase> database_;
  std::unique_ptr<Tap> tap_;
};

template <typename Condition>
bool TapTest::eventually(Condition condition) const {
  for (int attempt = 0; attempt < 1000; ++attempt) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

// SQLSTATE of what `action` throws; "none" if nothing.
template <typename Action>
std::string sqlstate_of(Action action) {
  try {
    action();
  } catch (const util::Error& error) {
    return error.sqlstate().empty() ? error.message() : error.sqlstate();
  }
  return "none";
}

}  // namespace tap::testing_tap
