#include "schema/tell.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "schema/json.h"
#include "util/text.h"

namespace schema {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

Element element(Kind kind, std::string name, std::vector<Fact> facts) {
  Element out;
  out.kind = kind;
  out.schema = "public";
  out.identity = util::cat("public.", name);
  out.name = std::move(name);
  out.facts = std::move(facts);
  return out;
}
Element column(std::string name, std::string position, std::vector<Fact> facts) {
  Element out = element(Kind::Column, std::move(name), std::move(facts));
  out.of = "public.t";
  out.identity = util::cat("public.t.", out.name);
  out.facts.push_back({"position", std::move(position)});
  return out;
}
Model model(std::vector<Element> elements) {
  Model out;
  out.elements = std::move(elements);
  out.sort();
  return out;
}
std::string told(const Model& before, const Model& after) {
  return util::join(tell(compare(before, after)), "\n");
}
std::string lines(int count, std::string_view last) {
  std::string text;
  for (int n = 1; n < count; ++n) text += util::cat("line ", n, " of a long text\n");
  return util::cat(text, last);
}

TEST(Tell, ARelationWithItsColumnsInTheirOrder) {
  const Model with = model({element(Kind::Table, "t", {{"owner", "a"}}),
                            column("b", "1", {{"type", "integer"}, {"not null", "yes"}}),
                            column("a", "2", {{"type", "text"}, {"default", "'x'"}})});
  EXPECT_EQ(told(model({}), with), "table public.t added: b integer not null, a text default 'x'");
  EXPECT_EQ(told(with, model({})),
            "table public.t dropped: b integer not null, a text default 'x'");
}

TEST(Tell, FactsThatCameWentAndChanged) {
  const Model before =
      model({element(Kind::Function, "f()", {{"strict", "yes"}, {"cost", "7"}, {"a", "1"}})});
  const Model after =
      model({element(Kind::Function, "f()", {{"leakproof", "yes"}, {"rows", "9"}, {"a", "2"}})});
  EXPECT_EQ(told(before, after),
            "function public.f(): no longer strict; cost is not set, was 7; a is 2, was 1; now "
            "leakproof; rows is 9, was not set");
}

TEST(Tell, NamesCannotForgeLines) {
  EXPECT_EQ(told(model({}), model({element(Kind::Schema, "a\nschema b dropped", {})})),
            "schema public.a\\x0aschema b dropped added");
}

TEST(Tell, ALongTextByThePlaceWhereItDiffers) {
  const Model before = model({element(Kind::Function, "f()", {{"source", lines(90, "return 1")}})});
  const Model after = model({element(Kind::Function, "f()", {{"source", lines(90, "return 2")}})});
  EXPECT_EQ(told(before, after),
            "function public.f(): source differs in line 90: is «return 2», was «return 1»");
  EXPECT_THAT(
      differing_lines(compare(before, after)[0]),
      ElementsAre("@@ line 88 @@", "    line 87 of a long text", "    line 88 of a long text",
                  "    line 89 of a long text", "-   return 1", "+   return 2"));
}

TEST(Tell, ALongLineAroundThePlaceWhereItDiffers) {
  const std::string same(3000, 'x');
  const Model before = model({element(Kind::Index, "i", {{"definition", same + "é1 end"}})});
  const Model after = model({element(Kind::Index, "i", {{"definition", same + "é2 end"}})});
  const std::string text = told(before, after);
  EXPECT_THAT(text, AllOf(HasSubstr("xxé2 end»"), HasSubstr("xxé1 end»")));
  EXPECT_LT(text.size(), 300U);
}

TEST(Tell, ALongListByItsItems) {
  std::vector<std::string> items;
  for (int n = 0; n < 200; ++n) items.push_back(util::cat("label", n));
  std::vector<std::string> more = items;
  more.emplace_back("new");
  more.erase(more.begin());
  const Model before = model({element(Kind::Type, "t", {{"labels", list_of(items), Form::List}})});
  const Model after = model({element(Kind::Type, "t", {{"labels", list_of(more), Form::List}})});
  EXPECT_EQ(told(before, after), "type public.t: labels also new, no longer label0");
}

TEST(Tell, DefinitionsWithoutSecrets) {
  const Element mapping =
      element(Kind::UserMapping, "m", {{"user", "a"}, {"options", "{password=x}", Form::Secret}});
  EXPECT_EQ(definition(mapping), "user: a\n");
  Change change{.what = Change::What::Removed, .before = &mapping, .after = nullptr, .facts = {}};
  EXPECT_THAT(changes_document({change}), Not(HasSubstr("password=x")));
}

TEST(Tell, WhatCameOrWentIsShownWithItsDefinition) {
  const Model with =
      model({element(Kind::View, "v", {{"owner", "a"}, {"query", " SELECT 1\n   FROM t;"}}),
             column("c", "1", {{"type", "integer"}})});
  const std::vector<Change> changes = compare(with, model({}));
  ASSERT_EQ(changes.size(), 2U);
  EXPECT_EQ(tell(changes[0]), "view public.v dropped, SELECT 1 FROM t");
  const Element policy = element(Kind::Policy, "p", {{"using", "(id > 0)"}, {"command", "all"}});
  EXPECT_THAT(differing_lines(
                  {.what = Change::What::Added, .before = nullptr, .after = &policy, .facts = {}}),
              ElementsAre("@@ line 1 @@", "+ using: (id > 0)", "+ command: all"));
  EXPECT_THAT(differing_lines(changes[1]), IsEmpty()) << "a column's line says everything";
}

TEST(ChangesDocument, HasBothDefinitionsAndWhetherItWasSaid) {
  const Model before = model({element(Kind::Table, "t", {{"owner", "a"}})});
  const Model after = model({element(Kind::Table, "t", {{"owner", "b"}})});
  std::vector<Change> changes = compare(before, after);
  EXPECT_THAT(changes_document(changes),
              AllOf(HasSubstr(R"("before":"owner: a\n","after":"owner: b\n")"),
                    Not(HasSubstr("expected"))));
  changes[0].expected = false;
  EXPECT_THAT(changes_document(changes), HasSubstr(R"("expected":false)"));
}

TEST(ModelFile, SurvivesARoundTripWithoutSecrets) {
  const Model before = model({element(Kind::Table, "t \xFF\n\"",
                                      {{"owner", "a\\b"},
                                       {"acl", list_of({"a=r/b", "", "NULL", "x,y"}), Form::List},
                                       {"query", "select 'é'", Form::Deparsed},
                                       {"connection", "password", Form::Secret}})});
  const std::string text = to_json(before);
  EXPECT_THAT(text, Not(HasSubstr("password")));
  const Model after = from_json(text, "schema.json");
  EXPECT_THAT(compare(before, after), IsEmpty());
  EXPECT_EQ(after.elements[0].facts[2].form, Form::Deparsed);
}

TEST(JudgeCopy, AcceptsTheClosedListAndNothingElse) {
  const Model source =
      model({element(Kind::Table, "t", {{"dropped columns", "2"}, {"owner", "a"}})});
  const Model copy = model({element(Kind::Table, "t", {{"owner", "b"}})});
  const Judged judged = judge_copy(compare(source, copy), source);
  ASSERT_EQ(judged.accepted.size(), 1U);
  EXPECT_EQ(judged.accepted[0].change.facts[0].name, "dropped columns");
  ASSERT_EQ(judged.differences.size(), 1U);
  EXPECT_EQ(tell(judged.differences[0]), "table public.t: owner is b, was a");
}

}  // namespace
}  // namespace schema
