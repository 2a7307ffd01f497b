// Two real databases: what is the same after a round trip is no change, and everything else is.
#include <gmock/gmock.h>

#include "pg/session.h"
#include "schema/change.h"
#include "schema/json.h"
#include "schema/read.h"
#include "schema/reparse.h"
#include "schema/tell.h"
#include "support/server.h"
#include "util/text.h"

namespace schema {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class CompareModels : public test::ServerTest {
 protected:
  void make(std::string_view before, std::string_view after) {
    before_.connect().execute(before);
    after_.connect().execute(after);
  }
  // What is left after the one reparse in the second database.
  std::vector<std::string> changes() {
    pg::Connection a = before_.connect(), b = after_.connect();
    pg::pin_settings(a, "UTF8");
    pg::pin_settings(b, "UTF8");
    model_before_ = from_json(to_json(read(a)), "schema.json");
    model_after_ = read(b);
    std::vector<Change> found = compare(model_before_, model_after_);
    settle_texts(found, b, Database::Copy);
    Judged judged = judge_copy(std::move(found), model_before_);
    accepted_.clear();
    for (const Accepted& one : judged.accepted)
      accepted_.push_back(util::cat(one.change.element().identity, ": ", one.reason));
    return tell(judged.differences);
  }
  // The privilege that 17 added to those of an owner.
  std::string_view maintain() { return model_after_.server_version >= 170000 ? "m" : ""; }

  test::TestDatabase before_ = test::make_database("before"), after_ = test::make_database("after");
  Model model_before_, model_after_;
  std::vector<std::string> accepted_;
};

// F6: every place where an expression is kept as a tree and written anew.
TEST_F(CompareModels, F6_OtherTextsOfTheSameExpressionsAreNoChange) {
  const bool of_expressions = before_.connect().server_major() >= 14;
  const auto script = [of_expressions](std::string_view in) {
    const std::string text =
        util::replace_all(R"sql(
      create table t (id int, s varchar check (s $IN), g boolean generated always as (s $IN) stored,
        d boolean default ('a'::varchar $IN), "odd "" name" varchar);
      create domain dom as varchar default case when 'a'::varchar $IN then 'x' end check (value $IN);
      create index partial on t (id) where s $IN;
      create unique index expression on t ((s $IN), lower("odd "" name"));
      create view v as select * from t where s $IN;
      create materialized view m as select id from t where s $IN;
      create policy p on t using (s $IN) with check (t."odd "" name" $IN);
      create function f() returns trigger language plpgsql as 'begin return new; end';
      create trigger tr before update on t for each row when (old.s $IN or new.s $IN) execute function f();
      create rule r as on delete to t where old.s $IN do instead nothing;
      $STATISTICS
      create table parts (s varchar) partition by range ((s $IN));
      create function args(a boolean default 'a'::varchar $IN) returns int language sql as 'select 1';
      alter table t add constraint excluded exclude using btree (id with =) where (s $IN))sql",
                          "$STATISTICS",
                          of_expressions ? "create statistics st on id, (s $IN) from t;"
                                         : "create statistics st on id, s from t;");
    return util::replace_all(text, "$IN", in);
  };
  make(script("in ('open', 'paid')"),
       script(
           "= any (array[('open'::character varying)::text, ('paid'::character varying)::text])"));
  EXPECT_THAT(changes(), IsEmpty());
  // The texts were not simply left out of it.
  after_.connect().execute("alter policy p on t using (s in ('open', 'void'))");
  EXPECT_EQ(changes().size(), 1U);
}

TEST_F(CompareModels, TellsWhatAMigrationDid) {
  constexpr std::string_view kStart = R"sql(
      create table orders (id int primary key, note varchar(20));
      create index orders_note on orders (note);
      create view v as select id from orders;
      create function f(int) returns int language sql as 'select 1')sql";
  make(kStart, kStart);
  EXPECT_THAT(changes(), IsEmpty());
  after_.connect().execute(R"sql(
      alter table orders add "limit" integer not null default 0, alter note type text, alter note set not null;
      drop index orders_note;
      create table quotas (id bigint primary key, name text);
      grant select on orders to public;
      comment on view v is 'about';
      create or replace function f(int) returns int language sql as 'select 2')sql");
  EXPECT_THAT(
      changes(),
      ElementsAre(
          "function public.f(integer): source is select 2, was select 1",
          "table public.orders: acl is =r/postgres, postgres=arwdDxt" + std::string(maintain()) +
              "/postgres, was not set",
          "table public.orders: column limit added, integer not null default 0",
          "table public.orders: column note: type is text, was character varying(20); now not null",
          "table public.orders: index orders_note dropped, CREATE INDEX orders_note ON "
          "public.orders "
          "USING btree (note)",
          "table public.quotas added: id bigint not null, name text",
          "table public.quotas: constraint quotas_pkey added, PRIMARY KEY (id)",
          "view public.v: comment is about, was not set"));
}

// S13: the closed list, and nothing more.
TEST_F(CompareModels, S13_AcceptsWhatNoRestoreBringsBack) {
  make(R"sql(
      create table target (id int primary key);
      create table t (gone int, id int references target);
      alter table t drop column gone;
      alter table t disable trigger all;
      create table parent (a int, b int);
      create table child (c int, a int) inherits (parent))sql",
       R"sql(
      create table target (id int primary key);
      create table t (id int references target);
      create table parent (a int, b int);
      create table child (a int, c int) inherits (parent))sql");
  EXPECT_THAT(changes(), IsEmpty());
  EXPECT_THAT(accepted_, testing::SizeIs(2)) << util::join(accepted_, "\n");
  after_.connect().execute(
      "alter table target rename to other; create table target (x int, id int primary key)");
  EXPECT_FALSE(changes().empty());
}

}  // namespace
}  // namespace schema
