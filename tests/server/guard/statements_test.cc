// What the migration has run is kept in the run's folder.
#include <nlohmann/json.hpp>

#include "guard_fixture.h"

namespace guard {
namespace {

using nlohmann::json;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class StatementsTest : public GuardTest {
 protected:
  std::string text_of(const Result& result) {
    return util::read_text(result.folder / "statements.jsonl");
  }
  std::vector<json> statements_of(const Result& result) {
    std::vector<json> out;
    const std::string text = text_of(result);
    for (const std::string_view line : util::split(util::trim(text), '\n'))
      out.push_back(json::parse(line));
    out.erase(out.begin());
    return out;
  }
  static std::vector<std::string> each(const std::vector<json>& lines, const char* field) {
    std::vector<std::string> out;
    for (const json& line : lines) {
      const json& value = line.at(field);
      out.push_back(value.is_string() ? value.get<std::string>() : value.dump());
    }
    return out;
  }
};

TEST_F(StatementsTest, OfACommandWithTimesTagsAndErrors) {
  const Result result =
      go(psql("update members set name = 'x' where id <= 5;\n"
              "select pg_sleep(0.3);\n"
              "create role nobody_here password 'not for files';\n"
              "drop role nobody_here;\n"
              "alter table members drop column nosuch;"));
  EXPECT_EQ(result.exit_code, 3) << result.cause;
  const std::vector<json> lines = statements_of(result);
  EXPECT_THAT(each(lines, "statement"),
              ElementsAre("update members set name = 'x' where id <= 5;", "select pg_sleep(0.3);",
                          "create role nobody_here password '***';", "drop role nobody_here;",
                          "alter table members drop column nosuch;"));
  EXPECT_THAT(each(lines, "tag"),
              ElementsAre("UPDATE 5", "SELECT 1", "CREATE ROLE", "DROP ROLE", "null"));
  EXPECT_THAT(each(lines, "rows"), ElementsAre("5", "1", "null", "null", "null"));
  EXPECT_THAT(each(lines, "sqlstate"), ElementsAre("null", "null", "null", "null", "42703"));
  EXPECT_GE(lines.at(1).at("duration_s"), 0.3);
  EXPECT_LT(lines.at(3).at("duration_s"), 0.3);
  EXPECT_THAT(text_of(result), Not(HasSubstr("not for files")));
}

TEST_F(StatementsTest, OfFilesTooAndTheSlowestAreInTheReport) {
  const Result result =
      go(file("alter table members add column phone text;\n"
              "update members set phone = 'none' where id <= 7;\n"
              "do $$ begin perform pg_sleep(0.2); end $$;\n"));
  ASSERT_EQ(result.exit_code, 0) << result.cause;
  const std::vector<json> lines = statements_of(result);
  EXPECT_THAT(each(lines, "statement"),
              ElementsAre("alter table members add column phone text",
                          "update members set phone = 'none' where id <= 7",
                          "do $$ begin perform pg_sleep(0.2); end $$", "COMMIT"));
  EXPECT_THAT(each(lines, "rows"), ElementsAre("null", "7", "null", "null"));
  EXPECT_GE(lines.at(2).at("duration_s"), 0.2);
  EXPECT_THAT(util::read_text(result.folder / "report.txt"),
              AllOf(HasSubstr("slowest statements"), HasSubstr("0.2 s  do $$ begin perform")));
}

TEST_F(StatementsTest, ACommitThatFailsIsOneOfThem) {
  sql("alter table events add constraint later foreign key (member) references members"
      "  deferrable initially deferred");
  const Result result =
      go(file("alter table events drop constraint events_member_fkey;\n"
              "insert into events values (9000, 100000, '{}');\n"));
  EXPECT_EQ(result.exit_code, 3) << result.cause;
  const std::vector<json> lines = statements_of(result);
  EXPECT_EQ(lines.back().at("statement"), "COMMIT");
  EXPECT_EQ(lines.back().at("sqlstate"), "23503");
}

}  // namespace
}  // namespace guard
