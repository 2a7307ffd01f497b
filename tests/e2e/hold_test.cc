// A read-only hold while eight clients write all the time, each as an application does: connect,
// some transactions, disconnect, and again after an error. Whatever one of them saw committed is
// there afterwards, after a success and after an undo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/guarded.h"
#include "util/error.h"
#include "util/mutex.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;
using util::cat;

constexpr int kClients = 8;
constexpr int kPerSession = 20;  // transactions

// One application: what it saw committed, as pairs of client and number.
class Application {
 public:
  explicit Application(const pg::ConnInfo& database) {
    for (int client = 0; client < kClients; ++client) {
      threads_.emplace_back(
          [this, client, database](const std::stop_token& stop) { work(client, database, stop); });
    }
  }
  void end() { threads_.clear(); }
  // After end().
  const std::vector<std::pair<int, int>>& committed() const { return committed_; }
  int count() const { return count_; }

 private:
  void work(int client, const pg::ConnInfo& database, const std::stop_token& stop) {
    int number = 0;
    std::vector<std::pair<int, int>> mine;
    while (!stop.stop_requested()) {
      try {
        pg::Connection connection = pg::Connection::open(database, "application", stop);
        for (int n = 0; n < kPerSession && !stop.stop_requested(); ++n) {
          ++number;
          const std::string who = cat(client, ", ", number);
          connection.execute(cat(
              "begin; insert into entries values (", who,
              "); update balances set amount = amount + 1 where client = ", client, "; commit"));
          mine.emplace_back(client, number);
          ++count_;
        }
      } catch (const util::Error&) {  // read-only for the moment, ended, or closed by the swap
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    }
    const util::Lock lock(mutex_);
    committed_.insert(committed_.end(), mine.begin(), mine.end());
  }

  util::Mutex mutex_;
  std::vector<std::pair<int, int>> committed_;
  std::atomic<int> count_{0};
  std::vector<std::jthread> threads_;
};

class HoldUnderLoad : public test::GuardedTest {
 protected:
  HoldUnderLoad() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    fill();
    database().connect().execute(
        "create table entries (client int, number int, primary key (client, number));"
        "create table balances (client int primary key, amount int not null);"
        "insert into balances select n, 0 from generate_series(0, 7) n");
  }

  BinaryResult migrate(const std::string& statements) {
    return run({"migrate", "--yes", "--hold", "read-only", "--", "psql", "-X", "-q", "-v",
                "ON_ERROR_STOP=1", "-c", "alter table orders drop column note cascade", "-c",
                statements});
  }

  // All that was seen committed is there; what is there beyond that a client could not know.
  void expect_all(const Application& application) {
    std::string values;
    for (const auto& [client, number] : application.committed())
      values += cat(values.empty() ? "" : ",", "(", client, ",", number, ")");
    ASSERT_FALSE(values.empty());
    EXPECT_EQ(query(cat("select count(*) from (values ", values,
                        ") seen(client, number) left join entries using (client, number)"
                        " where entries.client is null")),
              "0");
    EXPECT_EQ(query("select count(*) from (select client, count(*) n from entries group by 1) e"
                    " join balances b using (client) where b.amount <> e.n"),
              "0");
    EXPECT_EQ(query("select count(*) from pg_db_role_setting"), "0") << "the hold is released";
  }
};

TEST_F(HoldUnderLoad, EveryCommittedTransactionIsThereAfterASuccess) {
  Application application(database().conninfo());
  const BinaryResult result = migrate("create table made (i int)");
  const int at_the_end = application.count();
  while (application.count() < at_the_end + 100)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // they write again
  application.end();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("writers were kept out for"));
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made'"), "1");
  expect_all(application);
  expect_nothing_left_behind();
}

TEST_F(HoldUnderLoad, EveryCommittedTransactionIsThereAfterAnUndo) {
  Application application(database().conninfo());
  const BinaryResult result = migrate("select nonsense");
  const int at_the_end = application.count();
  while (application.count() < at_the_end + 100)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  application.end();
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("writers were kept out for"));
  EXPECT_EQ(query("select count(note) > 0 from orders"), "t") << "the column is back";
  expect_all(application);
  expect_nothing_left_behind();
}

}  // namespace
