#include "guard/expected.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace guard {
namespace {

using schema::Element;
using schema::Kind;

Element element(Kind kind, const std::string& schema, const std::string& name,
                std::vector<schema::Fact> facts = {}) {
  Element out;
  out.kind = kind;
  out.schema = schema;
  out.name = name;
  out.identity = schema.empty() ? name : schema + "." + name;
  out.facts = std::move(facts);
  return out;
}

Element part(Kind kind, const std::string& name, const std::string& of,
             std::vector<schema::Fact> facts = {}) {
  Element out = element(kind, of.substr(0, of.find('.')), name, std::move(facts));
  out.identity = kind == Kind::Column ? of + "." + name : name + " on " + of;
  out.of = of;
  return out;
}

schema::Model model(std::vector<Element> elements) {
  schema::Model out;
  out.elements = std::move(elements);
  out.sort();
  return out;
}

// "yes", "no" or "?" for each change, by identity.
std::string judged(const schema::Model& before, const schema::Model& after, std::string_view sql,
                   migrate::Mentions::Whole whole = migrate::Mentions::Whole::Yes) {
  migrate::Mentions said;
  said.add(sql, whole);
  std::vector<schema::Change> changes = schema::compare(before, after);
  mark_expected(changes, said, before, after);
  std::string text;
  for (const schema::Change& change : changes) {
    text += text.empty() ? "" : ", ";
    text += change.element().identity + " " +
            (!change.expected   ? "?"
             : *change.expected ? "yes"
                                : "no");
  }
  return text;
}

TEST(Expected, IsWhatTheMigrationNamesAndItsParts) {
  const schema::Model before = model({});
  const schema::Model after = model({
      part(Kind::Column, "id", "public.a"),
      part(Kind::Constraint, "a_pkey", "public.a"),
      part(Kind::Index, "by_id", "public.a"),
      part(Kind::Column, "id", "public.orders"),
      part(Kind::Column, "id", "shop.a"),
      element(Kind::Table, "public", "alpha"),
      element(Kind::Sequence, "public", "a_id_seq", {{"owned by", "public.a.id"}}),
      element(Kind::Sequence, "public", "orders_id_seq", {{"owned by", "public.orders.id"}}),
  });
  EXPECT_EQ(judged(before, after, "alter table public.a add id serial primary key"),
            "public.a_id_seq yes, public.orders_id_seq no, public.alpha no, public.a.id yes, "
            "public.orders.id no, shop.a.id no, a_pkey on public.a yes, by_id on public.a yes");
}

TEST(Expected, IsNotKnownWhereTheTextIsNotKnown) {
  const schema::Model after =
      model({element(Kind::Table, "public", "a"), element(Kind::Table, "public", "b")});
  EXPECT_EQ(
      judged(model({}), after, "select 1; create table a (); cre", migrate::Mentions::Whole::No),
      "public.a yes, public.b ?");
}

TEST(Expected, IsWhatAPartitionGetsFromTheTableAbove) {
  const schema::Model before = model({
      element(Kind::Table, "public", "log"),
      element(Kind::Table, "public", "log_1", {{"partition of", "public.log"}}),
      element(Kind::Table, "public", "child", {{"inherits", "{public.log_1}", schema::Form::List}}),
  });
  schema::Model after = before;
  for (const char* const table : {"public.log", "public.log_1", "public.child", "public.other"})
    after.elements.push_back(part(Kind::Column, "x", table));
  after.sort();
  EXPECT_EQ(judged(before, after, "alter table log add x int"),
            "public.child.x yes, public.log.x yes, public.log_1.x yes, public.other.x no");
}

TEST(Expected, IsWhatWentBecauseSomethingItNeedsWent) {
  const schema::Model before = model({
      element(Kind::Type, "public", "mood"),
      element(Kind::View, "public", "moods",
              {{"query", "select moody.x from public.moody", schema::Form::Deparsed}}),
      element(Kind::View, "public", "of_view",
              {{"query", "select 1 from public.moods", schema::Form::Deparsed}}),
      element(Kind::View, "public", "other",
              {{"query", "select 'public.mood' from public.t", schema::Form::Deparsed}}),
      part(Kind::Column, "x", "public.moody", {{"type", "public.mood"}}),
  });
  EXPECT_EQ(judged(before, model({}), "drop type mood cascade"),
            "public.mood yes, public.moods yes, public.of_view yes, public.other no, "
            "public.moody.x yes");
}

TEST(Expected, IsWhatIsInASchemaThatWentOrWasRenamed) {
  const schema::Model before =
      model({element(Kind::Schema, "", "old"), element(Kind::Table, "old", "t"),
             element(Kind::Table, "public", "u")});
  const schema::Model after =
      model({element(Kind::Schema, "", "new"), element(Kind::Table, "new", "t")});
  EXPECT_EQ(judged(before, after, "alter schema old rename to new"),
            "new yes, old yes, new.t yes, old.t yes, public.u no");
}

TEST(Expected, IsWhatAStatementAboutManyObjectsDoes) {
  const schema::Model before = model({element(Kind::Table, "public", "t", {{"owner", "a"}})});
  const schema::Model owned = model({element(Kind::Table, "public", "t", {{"owner", "b"}})});
  const schema::Model granted = model({element(
      Kind::Table, "public", "t", {{"owner", "a"}, {"acl", "{x=r/a}", schema::Form::List}})});
  EXPECT_EQ(judged(before, owned, "reassign owned by a to b"), "public.t yes");
  EXPECT_EQ(judged(before, granted, "reassign owned by a to b"), "public.t no");
  EXPECT_EQ(judged(before, granted, "grant select on all tables in schema public to x"),
            "public.t yes");
  EXPECT_EQ(judged(before, granted, "grant select on all tables in schema shop to x"),
            "public.t no");
}

}  // namespace
}  // namespace guard
