#include "guard/statement_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <nlohmann/json.hpp>

#include "util/files.h"
#include "util/text.h"

namespace guard {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class Warnings : public util::QuietReporter {
 public:
  void warning(std::string_view text) override { all += text; }
  std::string all;
};

// No file can grow as long as it lives.
class NoRoom {
 public:
  NoRoom() : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &none);
  }
  ~NoRoom() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  NoRoom(const NoRoom&) = delete;
  NoRoom& operator=(const NoRoom&) = delete;

 private:
  rlimit before_{};
  void (*handler_)(int);
};

class StatementRecordTest : public testing::Test {
 protected:
  static migrate::RanStatement ran(std::string_view text, std::chrono::milliseconds took = 1ms,
                                   std::string_view sqlstate = {}) {
    const auto begin = util::Clock::time_point(1'800'000'000s);
    return {.backend_pid = 17,
            .text = text,
            .begin = begin,
            .end = begin + took,
            .tag = sqlstate.empty() ? "UPDATE 500" : "",
            .sqlstate = sqlstate};
  }
  std::vector<json> lines() const {
    const std::string text = util::read_text(folder_.path() / "statements.jsonl");
    std::vector<json> out;
    for (const std::string_view line : util::split(util::trim(text), '\n'))
      out.push_back(json::parse(line));
    return out;
  }

  util::TempDir folder_{"record"};
  Warnings reporter_;
};

TEST_F(StatementRecordTest, ALineForEachWithTimeTagAndError) {
  StatementRecord record(folder_.path(), "the-run", {});
  record.add(ran("update t set a = 1", 1500ms));
  record.add(ran("bad", 2ms, "42601"));
  EXPECT_THAT(record.finish(reporter_), testing::ElementsAre("1.5 s  update t set a = 1"));
  EXPECT_EQ(reporter_.all, "");
  EXPECT_EQ(lines().at(0), json({{"schema", "pgbelay.statements/1"}, {"run", "the-run"}}));
  EXPECT_EQ(lines().at(1), json({{"start", "2027-01-15T08:00:00.000Z"},
                                 {"duration_s", 1.5},
                                 {"pid", 17},
                                 {"statement", "update t set a = 1"},
                                 {"cut", false},
                                 {"tag", "UPDATE 500"},
                                 {"rows", 500},
                                 {"sqlstate", nullptr}}));
  EXPECT_EQ(lines().at(2)["sqlstate"], "42601");
  EXPECT_EQ(lines().at(2)["rows"], nullptr);
}

TEST_F(StatementRecordTest, SecretsAndLongTextsDoNotGetIn) {
  StatementRecord record(folder_.path(), "run", {});
  record.hide(util::Secret("tellnobody"));
  record.add(ran(util::cat("select 'tellnobody', '", std::string(9'000, 'x'), "'")));
  record.finish(reporter_);
  const json line = lines().at(1);
  EXPECT_EQ(line["statement"].get<std::string>().size(), kRecordedStatementBytes);
  EXPECT_TRUE(line["cut"]);
  EXPECT_EQ(line["statement"].get<std::string>().substr(0, 13), "select '***',");
}

TEST_F(StatementRecordTest, BeyondItsLimitOnlyWhatFailedOrTookLong) {
  StatementRecord record(folder_.path(), "run", {}, {.all_bytes = 500, .most_bytes = 2'000});
  for (int n = 0; n < 100; ++n) record.add(ran("short"));
  record.add(ran("long", 3s));
  record.add(ran("failed", 1ms, "23505"));
  for (int n = 0; n < 100; ++n) record.add(ran("long, too", 2s));
  record.finish(reporter_);
  const std::vector<json> all = lines();
  EXPECT_LT(util::read_text(folder_.path() / "statements.jsonl").size(), 2'100U);
  EXPECT_GT(all.back()["left_out"], 150);
  std::vector<std::string> texts;
  for (const json& line : all) texts.push_back(line.value("statement", ""));
  EXPECT_THAT(texts, testing::IsSupersetOf({"short", "long", "failed", "long, too"}));
}

TEST_F(StatementRecordTest, WithoutADiskItOnlyWarns) {
  StatementRecord record(folder_.path() / "gone", "run", {});
  record.add(ran("select 1", 200ms));
  EXPECT_THAT(record.finish(reporter_), testing::ElementsAre("0.2 s  select 1"));
  EXPECT_THAT(reporter_.all, testing::HasSubstr("not complete on disk"));
}

TEST_F(StatementRecordTest, WhereNothingMoreCanBeWrittenItOnlyWarns) {
  StatementRecord record(folder_.path(), "run", {});
  {
    const NoRoom no_room;
    const std::string text(3'000, 'x');
    for (int n = 0; n < 100; ++n) record.add(ran(text));
  }
  record.add(ran("select 1"));
  record.finish(reporter_);
  EXPECT_THAT(reporter_.all, testing::HasSubstr("not complete on disk"));
}

TEST(WithoutPasswords, HidesTheLiteralBehindTheWord) {
  EXPECT_EQ(without_passwords("create role a password 'x' login"),
            "create role a password '***' login");
  EXPECT_EQ(without_passwords("ALTER ROLE a PASSWORD E'x' 'y'"),
            "ALTER ROLE a PASSWORD E'***' 'y'");
  EXPECT_EQ(without_passwords("alter role a password 'it''s' valid until 'b'"),
            "alter role a password '***' valid until 'b'");
  EXPECT_EQ(without_passwords("update u set \"password\" = 'h', password_salt='s', b = 'c'"),
            "update u set \"password\" = '***', password_salt='***', b = 'c'");
  EXPECT_EQ(without_passwords("do 'begin create role a password ''x''; end'"),
            "do 'begin create role a password '***'; end'");
  EXPECT_EQ(without_passwords("alter role a password 'cut off"), "alter role a password '***'");
  EXPECT_EQ(without_passwords("alter role a password null; select 'a'"),
            "alter role a password null; select 'a'");
}

}  // namespace
}  // namespace guard
