#include "schema/as_sql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "schema/script.h"

namespace schema {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Element element(Kind kind, const std::string& identity, std::vector<Fact> facts) {
  Element out;
  out.kind = kind;
  out.identity = identity;
  out.schema = identity.substr(0, identity.find('.'));
  out.name = identity.substr(identity.rfind('.') + 1);
  out.facts = std::move(facts);
  return out;
}
Model model(std::vector<Element> elements) {
  Model out;
  out.elements = std::move(elements);
  out.sort();
  return out;
}
Script script(const Model& before, const Model& after) {
  return as_sql(compare(before, after), before, after);
}
Element view(const std::string& identity, const std::string& query) {
  return element(Kind::View, identity, {{"query", query, Form::Deparsed}});
}

TEST(NamesInText, AreThoseWithASchemaAndEveryWord) {
  const Names names =
      names_in(R"(select "a b".x, nextval('public."S ""q"'::regclass) from shop.t t)");
  EXPECT_TRUE(names.qualified.contains(R"(public."S ""q")"));
  EXPECT_TRUE(names.qualified.contains("shop.t"));
  EXPECT_TRUE(names.qualified.contains("shop"));
  EXPECT_FALSE(names.qualified.contains("t"));
  EXPECT_TRUE(names.words.contains("\"a b\""));
  EXPECT_TRUE(names.words.contains("t"));
}

TEST(AsSql, ViewsComeAfterWhatTheyReadAndGoBeforeIt) {
  const Model none = model({});
  const Model views =
      model({view("public.a", "SELECT 1 FROM public.c;"), view("public.b", "SELECT 1;"),
             view("public.c", "SELECT 1 FROM public.b;")});
  EXPECT_THAT(script(none, views).statements,
              ElementsAre("CREATE VIEW public.b AS\nSELECT 1;",
                          "CREATE VIEW public.c AS\nSELECT 1 FROM public.b;",
                          "CREATE VIEW public.a AS\nSELECT 1 FROM public.c;"));
  EXPECT_THAT(script(views, none).statements,
              ElementsAre("DROP VIEW public.a;", "DROP VIEW public.c;", "DROP VIEW public.b;"));
}

TEST(AsSql, AnOwnersPrivilegesAreNotLost) {
  const auto table = [](const std::string& acl) {
    return model({element(Kind::Table, "public.t", {{"owner", "app"}, {"acl", acl, Form::List}})});
  };
  EXPECT_THAT(script(table("{app=arwdDxt/app}"), table("{app=r/app,x=rw*/app}")).statements,
              ElementsAre("REVOKE ALL ON TABLE public.t FROM \"app\";",
                          "GRANT SELECT ON TABLE public.t TO \"app\";",
                          "GRANT SELECT ON TABLE public.t TO \"x\";",
                          "GRANT UPDATE ON TABLE public.t TO \"x\" WITH GRANT OPTION;"));
  const Script others = script(table("{app=arwdDxt/app}"), table("{app=arwdDxt/app,x=r/y}"));
  EXPECT_THAT(others.statements, IsEmpty());
  EXPECT_EQ(others.left.size(), 1U) << "granted by somebody else";
}

TEST(AsSql, WhatNeedsWhatIsLeftIsLeft) {
  const Model after =
      model({element(Kind::Type, "public.mood", {{"form", "enum"}}),
             view("public.v", "SELECT 'a'::public.mood;"),
             view("public.w", "SELECT 1 FROM public.v;"), view("public.x", "SELECT 1;")});
  const Script made = script(model({}), after);
  EXPECT_THAT(made.statements, ElementsAre("CREATE VIEW public.x AS\nSELECT 1;"));
  EXPECT_THAT(
      made.left,
      ElementsAre("type public.mood added, enum",
                  "view public.v added, SELECT 'a'::public.mood (it needs type public.mood)",
                  "view public.w added, SELECT 1 FROM public.v (it needs view public.v)"));
}

TEST(AsSql, ACircleEnds) {
  const Model after = model(
      {view("public.a", "SELECT 1 FROM public.b;"), view("public.b", "SELECT 1 FROM public.a;")});
  EXPECT_EQ(script(model({}), after).statements.size(), 2U);
}

TEST(AsSql, ATextForPsqlHasWhatIsLeftAsComments) {
  EXPECT_EQ(to_text({.statements = {"SELECT 1;"}, .left = {"type a added"}}),
            "BEGIN;\nSELECT 1;\nCOMMIT;\n-- Left to a person:\n-- type a added\n");
}

}  // namespace
}  // namespace schema
