// The list of objects on a real server: what is in it, what is not, and that names are stable.
#include "schema/objects.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "pg/session.h"
#include "support/server.h"

namespace schema {
namespace {

using testing::Contains;
using testing::Not;

class ObjectList : public test::ServerTest {
 protected:
  std::vector<Object> list(const test::TestDatabase& database) {
    pg::Connection connection = database.connect();
    pg::pin_settings(connection, "UTF8");
    return list_objects(connection);
  }
};

Object object(std::string type, std::string identity) {
  return {std::move(type), std::move(identity)};
}

TEST_F(ObjectList, NamesWhatTheUserMade) {
  const test::TestDatabase database = test::make_database("objects");
  database.connect().execute(R"sql(
      create schema "odd ""s""";
      create type mood as enum ('a', 'b');
      create table t (id serial primary key, m mood not null, n numeric(5,2) check (n > 0), b varchar(10) default 'x');
      create table "odd ""s"""."T." ("a.b" int references t);
      create view v as select id from t;
      create index t_n on t (n);
      create function f(a int, b text) returns int language sql as 'select 1';
      create trigger no_change before update on t for each row execute function suppress_redundant_updates_trigger();
      create policy p on t using (true);
      create statistics st on id, n from t;
      create rule r as on delete to t do instead nothing;
      create domain d as int constraint positive check (value > 0);
      alter default privileges grant select on tables to public;
      create publication pub for table t)sql");
  const std::vector<Object> objects = list(database);
  for (const Object& expected :
       {object("schema", "public"),
        object("schema", "\"odd \"\"s\"\"\""),
        object("table", "public.t"),
        object("column", "public.t.m public.mood not null"),
        object("column", "public.t.n numeric(5,2)"),
        object("column", "public.t.b character varying(10)"),
        object("default value", "for public.t.b"),
        object("sequence", "public.t_id_seq"),
        object("index", "public.t_n"),
        object("index", "public.t_pkey"),
        object("table constraint", "t_n_check on public.t"),
        object("table constraint", "\"T._a.b_fkey\" on \"odd \"\"s\"\"\".\"T.\""),
        object("column", "\"odd \"\"s\"\"\".\"T.\".\"a.b\" integer"),
        object("view", "public.v"),
        object("column", "public.v.id integer"),
        object("function", "public.f(integer,pg_catalog.text)"),
        object("trigger", "no_change on public.t"),
        object("policy", "p on public.t"),
        object("statistics object", "public.st"),
        object("rule", "r on public.t"),
        object("type", "public.mood"),
        object("type", "public.d"),
        object("domain constraint", "positive on public.d"),
        object("default acl", "for role postgres on tables"),
        object("publication", "pub"),
        object("publication relation", "public.t in publication pub"),
        object("extension", "plpgsql")}) {
    EXPECT_THAT(objects, Contains(expected)) << expected.type << " " << expected.identity;
  }
  EXPECT_TRUE(std::is_sorted(objects.begin(), objects.end()));
  EXPECT_EQ(std::adjacent_find(objects.begin(), objects.end()), objects.end());
}

TEST_F(ObjectList, LeavesOutMembersOfExtensionsAndTemporaryObjects) {
  const test::TestDatabase database = test::make_database("members");
  pg::Connection connection = database.connect();
  connection.execute("create extension hstore; create temp table scratch (i int primary key)");
  pg::pin_settings(connection, "UTF8");
  for (const Object& one : list_objects(connection)) {
    EXPECT_EQ(one.identity.find("hstore("), std::string::npos) << one.type << " " << one.identity;
    EXPECT_EQ(one.identity.find("scratch"), std::string::npos) << one.type << " " << one.identity;
    EXPECT_FALSE(one.type == "type" && one.identity == "public.hstore");
  }
  EXPECT_THAT(list_objects(connection), Contains(object("extension", "hstore")));
}

// S13: an invalid index does not come back, so it must not be taken for an ordinary one.
TEST_F(ObjectList, TellsAnInvalidIndexFromAValidOne) {
  const test::TestDatabase database = test::make_database("invalid");
  pg::Connection connection = database.connect();
  connection.execute("create table t (i int); insert into t values (1), (1)");
  EXPECT_ANY_THROW(connection.execute("create unique index concurrently broken on t (i)"));
  connection.execute("create index whole on t (i)");
  const std::vector<Object> objects = list(database);
  EXPECT_THAT(objects, Contains(object("index (invalid)", "public.broken")));
  EXPECT_THAT(objects, Not(Contains(object("index", "public.broken"))));
  EXPECT_THAT(objects, Contains(object("index", "public.whole")));
}

// The server names what partitions inherit, and may name it otherwise in a copy.
TEST_F(ObjectList, LeavesOutKeysAndTriggersThatPartitionsInherit) {
  const test::TestDatabase database = test::make_database("inherited");
  database.connect().execute(R"sql(
      create table target (i int primary key);
      create table p (i int references target, d date) partition by range (d);
      create table p1 partition of p for values from ('2020-01-01') to ('2021-01-01');
      create trigger tr before update on p for each row execute function suppress_redundant_updates_trigger())sql");
  const std::vector<Object> objects = list(database);
  EXPECT_THAT(objects, Contains(object("table constraint", "p_i_fkey on public.p")));
  EXPECT_THAT(objects, Not(Contains(object("table constraint", "p_i_fkey on public.p1"))));
  EXPECT_THAT(objects, Contains(object("trigger", "tr on public.p")));
  EXPECT_THAT(objects, Not(Contains(object("trigger", "tr on public.p1"))));
}

// S12: what template0 has and the source may lack, and which versions are installed.
TEST_F(ObjectList, KnowsWhatOfTheTemplateIsGone) {
  const test::TestDatabase database = test::make_database("template");
  pg::Connection connection = database.connect();
  EXPECT_TRUE(template_objects(connection).public_schema);
  EXPECT_TRUE(template_objects(connection).plpgsql);
  connection.execute(
      "drop schema public; drop extension plpgsql; create schema ext; create extension hstore "
      "schema ext");
  EXPECT_FALSE(template_objects(connection).public_schema);
  EXPECT_FALSE(template_objects(connection).plpgsql);
  const std::vector<Extension> extensions = list_extensions(connection);
  ASSERT_EQ(extensions.size(), 1U);
  EXPECT_EQ(extensions[0].name, "hstore");
  EXPECT_EQ(extensions[0].schema, "ext");
  EXPECT_FALSE(extensions[0].version.empty());
}

// public that was dropped and made again has an OID like the user's own: it is the same to a
// restore.
TEST_F(ObjectList, HasOnePublicSchemaWhoeverMadeIt) {
  const test::TestDatabase first = test::make_database("public");
  const test::TestDatabase second = test::make_database("public");
  second.connect().execute("drop schema public; create schema public");
  EXPECT_TRUE(compare(list(first), list(second)).empty());
}

}  // namespace
}  // namespace schema
