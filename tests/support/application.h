// An application of eight clients that write all the time: connect, some transactions, disconnect,
// and again after an error. It knows what it saw committed.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "pg/conninfo.h"
#include "util/mutex.h"

namespace test {

class Application {
 public:
  static void create_tables(const pg::ConnInfo& database);

  explicit Application(const pg::ConnInfo& database);  // create_tables first
  // They write again: a hundred transactions more, then all end.
  void go_on_and_end();
  // After that: all that was seen committed is there. What is there beyond that a client could not
  // know, but each transaction is there whole.
  void expect_all() const;

 private:
  void work(int client, const std::stop_token& stop);

  const pg::ConnInfo database_;
  util::Mutex mutex_;
  std::vector<std::pair<int, int>> committed_;  // client, number
  std::atomic<int> count_{0};
  std::vector<std::jthread> threads_;
};

}  // namespace test
