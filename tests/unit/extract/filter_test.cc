#include "extract/filter.h"

#include <gmock/gmock.h>

#include "util/error.h"

namespace extract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> kColumns{"id", "name", "note"};
constexpr std::string_view kRows =
    "1\tAnn\t\n"
    "2\t\\N\tNULL\n"
    "11\tAnn\\tBob\t1\n"
    "\t\t\n"
    "3\tann\tAnn\n"
    "4\tit's \\\\N\t\\N\n";

std::vector<std::string> chosen(const std::vector<std::string>& where, const std::string& grep = "",
                                std::string_view rows = kRows,
                                const std::vector<std::string>& columns = kColumns) {
  std::vector<Condition> conditions;
  for (const std::string& text : where) conditions.push_back(parse_condition(text));
  const RowFilter filter(columns, conditions, {.expression = grep}, "app.t");
  std::vector<std::string> found;
  while (const auto row = filter.next(rows)) found.emplace_back(*row);
  return found;
}

TEST(RowFilter, WithoutConditionsEveryRowIsWanted) {
  EXPECT_EQ(chosen({}).size(), 6U);
  EXPECT_EQ(chosen({}, "", "\n\n\n", {}).size(), 3U) << "rows without columns";
  EXPECT_THAT(chosen({}, "", ""), IsEmpty());
}

TEST(RowFilter, ValueIsThatOfTheWholeField) {
  EXPECT_THAT(chosen({"id=1"}), ElementsAre("1\tAnn\t"));
  EXPECT_THAT(chosen({"name=Ann"}), ElementsAre("1\tAnn\t"));
  EXPECT_THAT(chosen({"note=Ann"}), ElementsAre("3\tann\tAnn"));
  EXPECT_THAT(chosen({"note=1"}), ElementsAre("11\tAnn\\tBob\t1"));
  EXPECT_THAT(chosen({"name=Ann\tBob"}), ElementsAre("11\tAnn\\tBob\t1"));
  EXPECT_THAT(chosen({"name=it's \\N"}), ElementsAre("4\tit's \\\\N\t\\N"));
}

TEST(RowFilter, NullEmptyAndTheWordDiffer) {
  EXPECT_THAT(chosen({"name=NULL"}), ElementsAre("2\t\\N\tNULL"));
  EXPECT_THAT(chosen({"note = null"}), ElementsAre("4\tit's \\\\N\t\\N"));
  EXPECT_THAT(chosen({"note='NULL'"}), ElementsAre("2\t\\N\tNULL"));
  EXPECT_THAT(chosen({"note="}), ElementsAre("1\tAnn\t", "\t\t"));
  EXPECT_THAT(chosen({"id=''"}), ElementsAre("\t\t"));
}

TEST(RowFilter, AllConditionsHold) {
  EXPECT_THAT(chosen({"name=Ann", "id=1"}), ElementsAre("1\tAnn\t"));
  EXPECT_THAT(chosen({"name=Ann", "id=2"}), IsEmpty());
  EXPECT_THAT(chosen({"name=Ann"}, "^1\t"), ElementsAre("1\tAnn\t"));
  EXPECT_THAT(chosen({"name=Ann"}, "^2"), IsEmpty());
}

TEST(RowFilter, OneColumnAndTheFirstAndLastRow) {
  const std::vector<std::string> one{"v"};
  EXPECT_EQ(chosen({"v="}, "", "\na\n\n", one).size(), 2U);
  EXPECT_EQ(chosen({"v=a"}, "", "a\nb\nba\na\n", one).size(), 2U);
}

TEST(RowFilter, ExpressionStaysWithinOneRow) {
  EXPECT_THAT(chosen({}, "^4\t"), ElementsAre("4\tit's \\\\N\t\\N"));
  EXPECT_THAT(chosen({}, "Ann$"), ElementsAre("3\tann\tAnn"));
  EXPECT_THAT(chosen({}, "NULL\\s*11"), IsEmpty()) << "\\s is no newline here";
  EXPECT_THAT(chosen({}, "NULL[^x]*Bob"), IsEmpty());
  EXPECT_THAT(chosen({}, "(?i)^3.*ANN$"), ElementsAre("3\tann\tAnn"));
  EXPECT_THAT(chosen({}, "Bob|^2"), ElementsAre("2\t\\N\tNULL", "11\tAnn\\tBob\t1"));
  EXPECT_EQ(chosen({}, "x*").size(), 6U) << "what matches nothing matches every row once";
  EXPECT_EQ(chosen({}, "$").size(), 6U);
}

TEST(ParseCondition, NamesAndLiterals) {
  EXPECT_EQ(parse_condition("\"a=b\"=c=d").column.name, "a=b");
  EXPECT_EQ(parse_condition("\"a=b\"=c=d").value, "c=d");
  EXPECT_EQ(parse_condition("a = ' it''s '").value, " it's ");
  EXPECT_EQ(parse_condition("a= b ").value, "b");
  EXPECT_EQ(parse_condition("a=Null").value, std::nullopt);
  for (const char* text : {"", "a", "=1", "a='x", "a='x'y", "a='x'y'", "\"a=1"}) {
    EXPECT_THROW(parse_condition(text), util::Error) << text;
  }
}

TEST(RowFilter, UnknownColumnNamesTheNearest) {
  try {
    chosen({"nmae=1"});
    FAIL();
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Usage);
    EXPECT_THAT(error.text(), HasSubstr("name"));
  }
  EXPECT_THAT(chosen({"ID=1"}), ElementsAre("1\tAnn\t")) << "as in SQL, unquoted names fold";
  EXPECT_THROW(chosen({"\"ID\"=1"}), util::Error);
  EXPECT_THROW(chosen({}, "("), util::Error);
}

}  // namespace
}  // namespace extract
