#include "migrate/mentions.h"

#include <gtest/gtest.h>

#include <string>

namespace migrate {
namespace {

Mentions of(std::string_view sql) {
  Mentions said;
  said.add(sql);
  return said;
}

TEST(Mentions, AreWholeNamesOutsideOfCommentsAndLiterals) {
  const Mentions said =
      of("-- orders\nalter table a add column id int default length('wares') /* users /* x */ */;\n"
         "comment on table a is 'about clients'; comment on table a is $$ items $$");
  EXPECT_TRUE(said.names("public", "a"));
  EXPECT_TRUE(said.names("public", "id"));
  for (const char* const name : {"orders", "wares", "users", "clients", "items", "alte", "d", ""})
    EXPECT_FALSE(said.names("public", name)) << name;
}

TEST(Mentions, AreQuotedOrNotAsTheServerReadsThem) {
  const Mentions said = of("ALTER TABLE Orders ADD \"Some \"\"Name\" int, add \"limit\" int");
  EXPECT_TRUE(said.names("public", "orders"));
  EXPECT_FALSE(said.names("public", "Orders"));
  EXPECT_TRUE(said.names("public", "Some \"Name"));
  EXPECT_FALSE(said.names("public", "some \"name"));
  EXPECT_TRUE(said.names("public", "limit"));
  const std::string long_name(80, 'x');
  EXPECT_TRUE(of("drop table " + long_name).names("public", std::string(63, 'x')));
}

TEST(Mentions, BehindASchemaAreOfThatSchemaOnly) {
  const Mentions said = of("alter table shop.orders add x int; create table \"Shop\" . wares ()");
  EXPECT_TRUE(said.names("shop", "orders"));
  EXPECT_FALSE(said.names("public", "orders"));
  EXPECT_TRUE(said.names("Shop", "wares"));
  EXPECT_FALSE(said.names("shop", "wares"));
  EXPECT_TRUE(of("drop table base.shop.orders").names("shop", "orders"));
}

TEST(Mentions, AreInDoBlocksAndBodiesAndInTheStringsThere) {
  const Mentions said =
      of("do $$ begin alter table first add x int; execute 'drop table ' || 'second';"
         " execute format('alter table %I add y int', 'Third'); end $$;\n"
         "create or replace function f() returns void language sql as 'delete from fourth';\n"
         "create procedure p() language plpython3u as $py$ plpy.execute(\"drop table fifth\") # "
         "don't\n$py$;\n"
         "create function g() returns int language sql begin atomic; select n from sixth; end;\n"
         "select 'seventh'");
  for (const char* const name : {"first", "second", "Third", "fourth", "fifth", "sixth"})
    EXPECT_TRUE(said.names("public", name)) << name;
  EXPECT_FALSE(said.names("public", "seventh"));
}

TEST(Mentions, OfATextThatCannotBeReadAreAllItsWords) {
  const Mentions said = of("alter table Orders add note text default 'never closed; \"Wares\" x_1");
  EXPECT_TRUE(said.names("public", "orders"));
  EXPECT_TRUE(said.names("public", "Wares"));
  EXPECT_TRUE(said.names("public", "x_1"));
  EXPECT_TRUE(said.complete());
}

TEST(Mentions, AreNotAllKnownOfATextThatWasCut) {
  Mentions said;
  said.add("insert into big values (1)", Mentions::Whole::No);
  EXPECT_TRUE(said.complete()) << "rows change no schema";
  said.add("insert into big values (1); alter", Mentions::Whole::No);
  EXPECT_FALSE(said.complete());
}

TEST(Mentions, OfStatementsAboutManyObjectsAreKnown) {
  const Mentions said =
      of("GRANT select ON ALL TABLES IN SCHEMA shop TO x; reassign /* */ owned by a to b");
  EXPECT_TRUE(said.says("all tables"));
  EXPECT_TRUE(said.says("reassign owned"));
  EXPECT_FALSE(said.says("drop owned"));
  EXPECT_TRUE(said.names({}, "shop"));
}

}  // namespace
}  // namespace migrate
