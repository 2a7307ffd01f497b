#include "support/application.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "pg/connection.h"
#include "util/error.h"
#include "util/text.h"

namespace test {
namespace {

using util::cat;

constexpr int kClients = 8;
constexpr int kPerSession = 20;  // transactions
constexpr int kMore = 100;
constexpr std::chrono::milliseconds kThinks{3};    // after a transaction
constexpr std::chrono::milliseconds kRetries{10};  // after an error

}  // namespace

void Application::create_tables(const pg::ConnInfo& database) {
  pg::Connection::open(database, "application")
      .execute(
          "create table entries (client int, number int, primary key (client, number));"
          "create table balances (client int primary key, amount int not null);"
          "insert into balances select n, 0 from generate_series(0, 7) n");
}

Application::Application(const pg::ConnInfo& database) : database_(database) {
  for (int client = 0; client < kClients; ++client)
    threads_.emplace_back([this, client](const std::stop_token& stop) { work(client, stop); });
}

void Application::go_on_and_end() {
  const int now = count_;
  while (count_ < now + kMore) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  threads_.clear();
}

void Application::expect_all() const {
  std::string values;
  for (const auto& [client, number] : committed_)
    values += cat(values.empty() ? "" : ",", "(", client, ",", number, ")");
  ASSERT_FALSE(values.empty());
  pg::Connection connection = pg::Connection::open(database_, "test");
  EXPECT_EQ(connection
                .query(cat("select count(*) from (values ", values,
                           ") seen(client, number) left join entries using (client, number)"
                           " where entries.client is null"))
                .str(0, 0),
            "0");
  EXPECT_EQ(connection
                .query("select count(*) from (select client, count(*) n from entries group by 1) e"
                       " join balances b using (client) where b.amount <> e.n")
                .str(0, 0),
            "0");
}

void Application::work(int client, const std::stop_token& stop) {
  int number = 0;
  std::vector<std::pair<int, int>> mine;
  while (!stop.stop_requested()) {
    try {
      pg::Connection connection = pg::Connection::open(database_, "application", stop);
      for (int n = 0; n < kPerSession && !stop.stop_requested(); ++n) {
        ++number;
        const std::string who = cat(client, ", ", number);
        connection.execute(cat("begin; insert into entries values (", who,
                               "); update balances set amount = amount + 1 where client = ", client,
                               "; commit"));
        mine.emplace_back(client, number);
        ++count_;
        std::this_thread::sleep_for(kThinks);
      }
    } catch (const util::Error&) {  // read-only for the moment, ended, or closed by the swap
      std::this_thread::sleep_for(kRetries);
    }
  }
  const util::Lock lock(mutex_);
  committed_.insert(committed_.end(), mine.begin(), mine.end());
}

}  // namespace test
