#include "guard/rehearsal_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "guard/report_html.h"

namespace guard {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr auto kBegin = util::Clock::time_point(1'700'000'000s);

RehearsalReport good() {
  RehearsalReport report;
  report.run = "2026-11-20_143050_add-quotas";
  report.database = "app";
  report.server_version = "15.18";
  report.migration = {"20261120_quotas.sql"};
  report.started_at = kBegin;
  report.succeeded = true;
  report.took = util::Seconds(2.1);
  report.statements = {{.number = 1,
                        .pid = 7,
                        .text = "alter table orders add quota int",
                        .tag = "ALTER TABLE",
                        .begin = kBegin,
                        .end = kBegin + 400ms}};
  report.locks = {{.pid = 7,
                   .relation = "orders",
                   .mode = LockMode::AccessExclusive,
                   .begin = kBegin,
                   .end = kBegin + 400ms,
                   .statement = 1}};
  report.objects = {
      {ObjectChange::What::Added, "column", "orders.quota", "table orders: column quota added"},
      {ObjectChange::What::Added, "index", "orders.orders_quota",
       "table orders: index orders_quota added"},
      {ObjectChange::What::Removed, "index", "orders.orders_old",
       "table orders: index orders_old dropped"}};
  report.bytes_before = 1'000'000;
  report.bytes_after = 1'100'000;
  report.bytes_peak = 1'500'000;
  report.live_bytes = 2'000'000;
  report.wal_bytes = 300'000;
  return report;
}

TEST(RehearsalReport, SaysInOneLineWhatAnOperatorAsks) {
  EXPECT_EQ(report_line(good()),
            "2.1 s · ACCESS EXCLUSIVE on orders 0.4 s · no rewrite · 3 objects change");
  RehearsalReport report = good();
  report.locks.front().mode = LockMode::ShareUpdateExclusive;
  report.rewrites = {{.what = Rewrite::What::Rewritten,
                      .relation = "orders",
                      .bytes_before = 1,
                      .bytes_after = 312'000'000},
                     {.what = Rewrite::What::Built, .relation = "orders_quota", .bytes_after = 5}};
  report.objects.resize(1);
  EXPECT_EQ(report_line(report),
            "2.1 s · nobody is kept out · rewrite of orders, 312 MB · 1 object changes");
}

TEST(RehearsalReport, PassesWithoutLimitsAndWithinThem) {
  RehearsalReport report = good();
  EXPECT_TRUE(report.passed());
  report.limits = {.max_lock = 400ms, .max_duration = 2100ms, .max_rewrite_bytes = 0};
  EXPECT_TRUE(report.passed()) << stop_reasons(report).front();
  EXPECT_EQ(judge_limits(report).size(), 3U);
}

TEST(RehearsalReport, StopsAboveEachLimitAndNamesIt) {
  RehearsalReport report = good();
  report.rewrites = {{.what = Rewrite::What::Rewritten, .relation = "orders", .bytes_after = 2000}};
  report.limits.max_lock = 399ms;
  EXPECT_THAT(stop_reasons(report),
              ElementsAre(testing::AllOf(HasSubstr("rehearsal.max_lock"),
                                         HasSubstr("ACCESS EXCLUSIVE on orders"))));
  report.limits = {.max_duration = 2s};
  EXPECT_THAT(stop_reasons(report), ElementsAre(HasSubstr("rehearsal.max_duration")));
  report.limits = {.max_rewrite_bytes = 1999};
  EXPECT_THAT(stop_reasons(report), ElementsAre(HasSubstr("rehearsal.max_rewrite_bytes")));
  EXPECT_FALSE(report.passed());
  report.on_limit = OnLimit::Warn;
  EXPECT_TRUE(report.passed());
}

TEST(RehearsalReport, ALockThatKeepsNobodyOutIsWithinAnyLimit) {
  RehearsalReport report = good();
  report.locks.front().mode = LockMode::ShareUpdateExclusive;
  report.limits.max_lock = 1ms;
  EXPECT_TRUE(report.passed());
}

TEST(RehearsalReport, LocksThatCouldNotBeWatchedCannotBeWithinALimit) {
  RehearsalReport report = good();
  report.locks_complete = false;
  EXPECT_TRUE(report.passed());
  report.limits.max_lock = 10s;
  EXPECT_FALSE(report.passed());
}

TEST(RehearsalReport, F10StopsForWhatReachedBeyondTheCopy) {
  RehearsalReport report = good();
  report.refused = {"CREATE ROLE bob"};
  EXPECT_THAT(stop_reasons(report), ElementsAre(HasSubstr("CREATE ROLE bob")));
  report = good();
  report.outside = {{.text = "role bob was added",
                     .statement = "DROP ROLE bob;",
                     .fate = OutsideChange::Fate::PutBack}};
  EXPECT_FALSE(report.passed());
  report.shared = SharedObjects::Allow;
  EXPECT_TRUE(report.passed()) << "allowed, and put back";
  report.outside.front().fate = OutsideChange::Fate::Remains;
  EXPECT_FALSE(report.passed()) << "the real run would find it there";
  EXPECT_THAT(stop_reasons(report), ElementsAre(HasSubstr("DROP ROLE bob;")));
}

TEST(RehearsalReport, EstimatesForALiveDatabaseThatIsLargerThanTheCopy) {
  const Estimate live = estimate(good());
  EXPECT_DOUBLE_EQ(live.at_least.count(), 2.1);
  EXPECT_DOUBLE_EQ(live.at_most.count(), 4.2);
  EXPECT_EQ(live.wal_bytes, 600'000U);
  EXPECT_EQ(live.disk_bytes, 1'600'000U);
  RehearsalReport smaller = good();
  smaller.live_bytes = 1;
  EXPECT_DOUBLE_EQ(estimate(smaller).at_most.count(), 2.1);
}

TEST(RehearsalJson, HasEveryFigureInBytesAndSeconds) {
  RehearsalReport report = good();
  report.limits.max_lock = 100ms;
  const auto json = nlohmann::json::parse(report_json(report));
  EXPECT_EQ(json.at("schema"), "pgbelay.rehearsal/1");
  EXPECT_EQ(json.at("passed"), false);
  EXPECT_EQ(json.at("locks").at(0).at("mode"), "ACCESS EXCLUSIVE");
  EXPECT_NEAR(json.at("locks").at(0).at("held_s").get<double>(), 0.4, 1e-6);
  EXPECT_EQ(json.at("database_bytes").at("peak"), 1'500'000);
  EXPECT_EQ(json.at("limits").at(0).at("kept"), false);
  EXPECT_EQ(json.at("objects").size(), 3U);
  EXPECT_TRUE(json.at("estimate").at("server_room_bytes").is_null());
}

TEST(RehearsalJson, WritesNamesThatAreNoUtf8) {
  RehearsalReport report = good();
  report.locks.front().relation = "caf\xe9";
  EXPECT_EQ(nlohmann::json::parse(report_json(report)).at("locks").size(), 1U);
}

TEST(ReportHtml, EscapesEveryTextOfTheDatabase) {
  const std::string evil = "<script>alert('x')</script>\"&";
  RehearsalReport report = good();
  report.database = report.run = report.cause = evil;
  report.backup = report.server_version = evil;
  report.migration = {evil};
  report.refused = report.failed_checks = {evil};
  report.statements.front().text = report.statements.front().tag = evil;
  report.statements.push_back(report.statements.front());
  report.statements.back().sqlstate = evil;
  report.statements.back().text += std::string(500, 'x') + evil;
  report.locks.front().relation = evil;
  report.rewrites = {{.relation = evil, .table = evil}};
  report.rows = {{.table = evil, .inserted = 1}};
  report.objects.front() = {ObjectChange::What::Changed, evil, evil, evil};
  report.outside = {{.text = evil, .statement = evil, .reason = evil}};
  for (const bool succeeded : {true, false}) {
    report.succeeded = succeeded;
    const std::string html = report_html(report);
    EXPECT_THAT(html, Not(HasSubstr("<script")));
    EXPECT_THAT(html, Not(HasSubstr("</script")));
    EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&quot;&amp;"));
  }
}

TEST(ReportHtml, NeedsNothingFromElsewhere) {
  const std::string html = report_html(good());
  for (const char* const outside : {"http:", "https:", "src=", "url(", "@import", "<link"})
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme"));
  EXPECT_THAT(html, HasSubstr("<svg"));
}

TEST(ReportHtml, StaysSmallWithALotInIt) {
  RehearsalReport report = good();
  for (int n = 0; n < 20'000; ++n) {
    report.statements.push_back(report.statements.front());
    report.statements.back().number = report.statements.size();
    report.locks.push_back(report.locks.front());
    report.objects.push_back(report.objects.front());
  }
  EXPECT_LT(report_html(report).size(), 1'000'000U);
}

TEST(ReportHtml, IsWholeForAMigrationThatDidNothing) {
  RehearsalReport report;
  report.succeeded = true;
  const std::string html = report_html(report);
  EXPECT_THAT(html, HasSubstr("The migration may run"));
  EXPECT_THAT(html, testing::EndsWith("</html>\n"));
}

}  // namespace
}  // namespace guard
