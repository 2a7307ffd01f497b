// The model of a real database: what is in it, and that the facts say everything.
#include "schema/model.h"

#include <gmock/gmock.h>

#include "pg/session.h"
#include "schema/read.h"
#include "support/server.h"
#include "util/error.h"

namespace schema {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ModelOf : public test::ServerTest {
 protected:
  static Model read_model(const test::TestDatabase& database) {
    pg::Connection connection = database.connect();
    pg::pin_settings(connection, "UTF8");
    return read(connection);
  }
  // The element, or an empty one and a failure.
  static const Element& at(const Model& model, Kind kind, std::string_view identity) {
    static const Element kNone;
    const Element* const found = model.find(kind, identity);
    EXPECT_NE(found, nullptr) << info(kind).name << " " << identity;
    return found == nullptr ? kNone : *found;
  }
};

TEST_F(ModelOf, SaysEverythingOfATable) {
  const test::TestDatabase database = test::make_database("model");
  database.connect().execute(R"sql(
      create type mood as enum ('a', 'b,c');
      create table "T 1" (id int generated always as identity primary key, m mood not null default 'a',
          n numeric(5,2) check (n > 0), twice numeric generated always as (n * 2) stored, gone int,
          s text collate "C" default 'x''y');
      alter table "T 1" drop column gone, alter s set statistics 7, alter s set storage external, set (fillfactor = 70);
      create table child (extra int references "T 1") inherits ("T 1");
      create index n_idx on "T 1" (n) where n > 3;
      comment on table "T 1" is 'about';
      comment on column "T 1".n is 'a number';
      comment on constraint "T 1_n_check" on "T 1" is 'positive';
      grant select on "T 1" to public;
      grant update (n) on "T 1" to public;
      alter table "T 1" enable row level security, replica identity full)sql");
  const Model model = read_model(database);
  const Element& table = at(model, Kind::Table, "public.\"T 1\"");
  EXPECT_EQ(table.schema, "public");
  EXPECT_EQ(table.name, "T 1");
  EXPECT_EQ(table.value("owner"), "postgres");
  EXPECT_EQ(table.value("comment"), "about");
  EXPECT_EQ(table.value("row security"), "on");
  EXPECT_EQ(table.value("replica identity"), "full");
  EXPECT_EQ(table.value("options"), "{fillfactor=70}");
  EXPECT_EQ(table.value("dropped columns"), "1");
  EXPECT_THAT(texts_of(table.value("acl")),
              ElementsAre("=r/postgres", HasSubstr("postgres=arwdDxt")));
  const Element& id = at(model, Kind::Column, "public.\"T 1\".id");
  EXPECT_EQ(id.value("identity"), "always");
  EXPECT_EQ(id.value("type"), "integer");
  EXPECT_EQ(id.value("not null"), "yes");
  EXPECT_FALSE(id.has("default"));
  const Element& number = at(model, Kind::Column, "public.\"T 1\".n");
  EXPECT_EQ(number.value("position"), "3");
  EXPECT_EQ(number.value("type"), "numeric(5,2)");
  EXPECT_EQ(number.value("comment"), "a number");
  EXPECT_EQ(number.value("acl"), "{=w/postgres}");
  EXPECT_EQ(number.of, "public.\"T 1\"");
  const Element& twice = at(model, Kind::Column, "public.\"T 1\".twice");
  EXPECT_EQ(twice.value("generated"), "stored");
  EXPECT_THAT(std::string(twice.value("expression")), HasSubstr("n * "));
  const Element& text = at(model, Kind::Column, "public.\"T 1\".s");
  EXPECT_EQ(text.value("position"), "5");  // the dropped one is not counted
  EXPECT_EQ(text.value("default"), "'x''y'::text");
  EXPECT_EQ(text.value("collation"), "pg_catalog.\"C\"");
  EXPECT_EQ(text.value("statistics"), "7");
  EXPECT_EQ(text.value("storage"), "external");
  EXPECT_EQ(texts_of(at(model, Kind::Type, "public.mood").value("labels")),
            (std::vector<std::string>{"a", "b,c"}));
  EXPECT_EQ(at(model, Kind::Sequence, "public.\"T 1_id_seq\"").value("identity of"),
            "public.\"T 1\".id");
  EXPECT_EQ(at(model, Kind::Table, "public.child").value("inherits"), "{\"public.\\\"T 1\\\"\"}");
  EXPECT_EQ(at(model, Kind::Column, "public.child.n").value("local"), "no");
  const Element& check = at(model, Kind::Constraint, "\"T 1_n_check\" on public.\"T 1\"");
  EXPECT_EQ(check.value("definition"), "CHECK ((n > (0)::numeric))");
  EXPECT_EQ(check.value("comment"), "positive");
  EXPECT_EQ(at(model, Kind::Index, "public.\"T 1_pkey\"").value("constraint"), "T 1_pkey");
  EXPECT_THAT(std::string(at(model, Kind::Index, "public.n_idx").value("definition")),
              HasSubstr("WHERE (n > "));
}

TEST_F(ModelOf, SaysWhoKeepsItFromBeingRead) {
  const test::TestDatabase database = test::make_database("locked");
  database.connect().execute(
      "create table held (a int); create view of_held as select a from held");
  pg::Connection holder = database.connect();
  holder.execute(
      "set application_name = 'nightly job'; begin; lock table held in access exclusive mode");
  pg::Connection connection = database.connect();
  pg::pin_settings(connection, "UTF8");
  try {
    read_patiently(connection, std::chrono::milliseconds(50));
    FAIL() << "it was read";
  } catch (const util::Error& error) {
    EXPECT_EQ(error.sqlstate(), "55P03");
    EXPECT_THAT(error.message(), testing::AllOf(HasSubstr("nightly job"), HasSubstr("public.held"),
                                                HasSubstr("ACCESS EXCLUSIVE")));
  }
  holder.execute("commit");
  EXPECT_FALSE(read_patiently(connection, std::chrono::seconds(10)).elements.empty());
}

}  // namespace
}  // namespace schema
