// restore --table: single tables of a backup into the database that lives on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "archive/manifest.h"
#include "pg/ident.h"
#include "support/round_trip.h"
#include "util/text.h"

namespace {

using test::RoundTrip;
using testing::HasSubstr;
using util::cat;

constexpr std::string_view kShop = R"sql(
  create schema app;
  create type app.state as enum ('open', 'paid');
  create sequence app.shared;
  create function app.note() returns trigger language plpgsql as
    'begin insert into app.log values (tg_op); return null; end';
  create table app.log (what text);
  create table app.members (
    id serial primary key, email text not null unique, quota int check (quota >= 0), state app.state,
    up int references app.members, shout text generated always as (upper(email)) stored,
    n int default nextval('app.shared'));
  create index members_lower on app.members (lower(email)) where state = 'open';
  create statistics app.members_stats on quota, n from app.members;
  comment on table app.members is 'who comes';
  comment on column app.members.email is 'as they wrote it: app.members';
  alter table app.members cluster on members_pkey;
  create trigger noted after insert or update or delete or truncate on app.members execute function app.note();
  insert into app.members (email, quota, state, up)
    select n || '@example.org', n % 7, (array['open', 'paid'])[1 + n % 2]::app.state, nullif(n / 2, 0)
      from generate_series(1, 500) n;
  create table app.events (id bigint generated always as identity, member int references app.members (id),
                           at date not null, primary key (id, at)) partition by range (at);
  create table app.events_2025 partition of app.events for values from ('2025-01-01') to ('2026-01-01');
  create table app.events_2026 partition of app.events for values from ('2026-01-01') to ('2027-01-01');
  create index on app.events (member);
  insert into app.events (member, at) select 1 + n % 500, date '2025-01-01' + n % 600 from generate_series(1, 900) n;
  create view app.totals as select count(*) as n from app.members;
  create materialized view app.sums as select sum(quota) as n from app.members;
  create role shop_reader;
  grant select on app.members to shop_reader;
  alter default privileges grant select on tables to shop_reader;
  truncate app.log;
)sql";

class RestoreTables : public RoundTrip {
 protected:
  void make_shop(std::string_view name) {
    make(name, "", {});
    try {
      server().connect().execute("drop role if exists shop_reader");
    } catch (const util::Error&) {
    }
    database().connect().execute(kShop);
    back_up({"--proof", "read-back"});
  }
  void TearDown() override {
    if (!IsSkipped())
      database().connect().execute("drop owned by shop_reader; drop role shop_reader");
    RoundTrip::TearDown();
  }
  void sql(std::string_view text) { database().connect().execute(text); }
  std::string ask(const std::string& query) {
    const pg::Result result = database().connect().query(query);
    std::string out;
    for (int row = 0; row < result.row_count(); ++row)
      out += cat(row == 0 ? "" : "\n", result.text(row, 0).value_or("NULL"));
    return out;
  }
  test::BinaryResult restore(std::vector<std::string> args) {
    args.insert(args.begin(), {"restore", backup().string()});
    return run(std::move(args));
  }
  std::string hash(const std::string& table) {
    return ask(
        cat("select count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' order by t::text)), "
            "'') from ",
            table, " t"));
  }
  static constexpr const char* kIndexes =
      "select string_agg(regexp_replace(pg_get_indexdef(indexrelid), '__restored', '', 'g') || "
      "indisclustered, '|' "
      "order by 1) from (select indexrelid, indisclustered, pg_get_indexdef(indexrelid) from "
      "pg_index where indrelid "
      "= $$TABLE$$::regclass order by regexp_replace(pg_get_indexdef(indexrelid), '__restored', "
      "'', 'g')) x";
};

TEST_F(RestoreTables, BesideMakesTheTableWithAllThatIsItsOwnAndTouchesNothing) {
  make_shop("beside");
  const std::string before = hash("app.members");
  const std::string indexes = ask(util::replace_all(kIndexes, "TABLE", "app.members"));
  sql("update app.members set quota = 0; truncate app.log");
  const std::string definitions = test::definitions(folder(), database());
  const std::string live = hash("app.members");
  const test::BinaryResult result = restore({"--table", "app.members"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(
      result.out,
      HasSubstr("restored app.members__restored: 500 rows of app.members, equal to backup"));
  EXPECT_EQ(hash("app.members__restored"), before);
  EXPECT_EQ(hash("app.members"), live);
  EXPECT_EQ(ask("select count(*) from app.log"), "0");
  EXPECT_EQ(ask(util::replace_all(kIndexes, "TABLE", "app.members__restored")), indexes);
  // Sequence and defaults of its own; the shared one stays shared.
  EXPECT_EQ(ask("select pg_get_serial_sequence('app.members__restored', 'id')"),
            "app.members_id_seq__restored");
  EXPECT_EQ(
      ask("insert into app.members__restored (email) values ('new') returning id || ' ' || n"),
      "501 501");
  EXPECT_EQ(ask("select nextval('app.members_id_seq')"), "501");
  // A key to itself points to itself; nothing points from here to others.
  EXPECT_EQ(ask("select string_agg(confrelid::regclass::text, ',') from pg_constraint where "
                "contype = 'f' and "
                "conrelid = 'app.members__restored'::regclass"),
            "app.members__restored");
  EXPECT_EQ(ask("select obj_description('app.members__restored'::regclass)"), "who comes");
  EXPECT_EQ(ask("select stxname from pg_statistic_ext where stxrelid = "
                "'app.members__restored'::regclass"),
            "members_stats__restored");
  EXPECT_EQ(ask("select has_table_privilege('shop_reader', 'app.members__restored', 'select')"),
            "f");
  EXPECT_EQ(ask("select count(*) from pg_trigger where not tgisinternal and tgrelid = "
                "'app.members__restored'::regclass"),
            "0");
  EXPECT_THAT(result.err, HasSubstr("left out: TRIGGER app.members noted"));
  // What was there is as it was, and no schema of ours is left.
  sql("drop table app.members__restored");
  EXPECT_EQ(test::definitions(folder(), database()), definitions);
  // Once more, then it is there already.
  ASSERT_EQ(restore({"--table", "members"}).status, 0);
  const test::BinaryResult again = restore({"--table", "members"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("app.members__restored exists already"));
  EXPECT_THAT(again.err, HasSubstr("DROP TABLE"));
}

TEST_F(RestoreTables, BesideTakesPartitionsWithTheirTableAndKeepsKeysWithinTheSet) {
  make_shop("beside_parts");
  const std::string before = hash("app.events");
  sql("drop table app.events; delete from app.members where id > 400 and id not in (select up from "
      "app.members "
      "where up is not null)");
  const test::BinaryResult result =
      restore({"--table", "app.events", "--table", "app.members", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\"schema\": \"pgbelay.restored-tables/1\""));
  EXPECT_EQ(hash("app.events__restored"), before);
  EXPECT_EQ(ask("select string_agg(inhrelid::regclass::text, ',' order by 1) from pg_inherits "
                "where inhparent = "
                "'app.events__restored'::regclass"),
            "app.events_2025__restored,app.events_2026__restored");
  EXPECT_EQ(ask("select confrelid::regclass from pg_constraint where contype = 'f' and conparentid "
                "= 0 and conrelid "
                "= 'app.events__restored'::regclass"),
            "app.members__restored");
  EXPECT_EQ(
      ask("insert into app.events__restored (member, at) values (1, '2026-03-01') returning id"),
      "901");
  EXPECT_NE(ask("select count(*) from app.events_2026__restored where at = '2026-03-01'"), "0");
}

TEST_F(RestoreTables, InPlaceReplacesTheRowsAndLeavesEverythingBoundToIt) {
  make_shop("in_place");
  const std::string before = hash("app.members");
  const std::string definitions = test::definitions(folder(), database());
  sql("update app.members set quota = 0; insert into app.members (email, up) values ('later', 1); "
      "truncate app.log");
  const std::string wrong = hash("app.members");
  const test::BinaryResult unasked = restore({"--table", "app.members", "--in-place"});
  EXPECT_EQ(unasked.status, 6) << unasked.err;
  EXPECT_EQ(hash("app.members"), wrong);
  const test::BinaryResult result = restore({"--table", "app.members", "--in-place", "--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(hash("app.members"), before);
  EXPECT_EQ(ask("select n from app.totals"), "500");
  EXPECT_EQ(ask("select count(*) from app.log"), "0") << "triggers fired";
  EXPECT_EQ(ask("select nextval('app.members_id_seq')"), "502")
      << "a number is given out twice (M7)";
  EXPECT_THAT(result.err, HasSubstr("REFRESH MATERIALIZED VIEW app.sums"));
  // What was there is kept, for nobody but its owner.
  const std::string kept =
      ask("select relname from pg_class where relname like 'members\\_\\_replaced%'");
  EXPECT_THAT(result.out, HasSubstr(kept));
  EXPECT_EQ(hash(cat("app.", kept)), wrong);
  EXPECT_EQ(ask(cat("select has_table_privilege('shop_reader', 'app.", kept, "', 'select')")), "f");
  sql(cat("drop table app.", kept));
  EXPECT_EQ(test::difference(definitions, test::definitions(folder(), database())), "");
  sql("insert into app.members (email) values ('x')");
  EXPECT_EQ(ask("select count(*) from app.log"), "1") << "triggers stayed off";
}

TEST_F(RestoreTables, InPlaceMakesWhatIsGoneWithEverythingThatWasItsOwn) {
  make_shop("in_place_gone");
  const std::string before = hash("app.members");
  const std::string events = hash("app.events");
  const std::string definitions = test::definitions(folder(), database());
  sql("drop table app.members cascade; drop table app.events");
  const test::BinaryResult result =
      restore({"--table", "app.members", "--table", "app.events", "--in-place", "--yes"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(hash("app.members"), before);
  EXPECT_EQ(hash("app.events"), events);
  EXPECT_EQ(ask("select count(*) from app.log"), "0");
  EXPECT_EQ(ask("select has_table_privilege('shop_reader', 'app.members', 'select')"), "t");
  sql("create view app.totals as select count(*) as n from app.members; create materialized view "
      "app.sums as "
      "select sum(quota) as n from app.members; revoke select on app.totals, app.sums from "
      "shop_reader");
  EXPECT_EQ(test::difference(definitions, test::definitions(folder(), database())), "");
}

TEST_F(RestoreTables, InPlaceRefusesRatherThanLoseAnything) {
  make_shop("refused");
  sql("drop materialized view app.sums");
  const auto refused = [this](std::string_view change, std::vector<std::string> args,
                              std::string_view says) {
    sql(change);
    const std::string before = test::content(database());
    args.insert(args.end(), {"--in-place", "--yes"});
    const test::BinaryResult result = restore(std::move(args));
    EXPECT_EQ(result.status, 1) << result.out << result.err;
    EXPECT_THAT(result.err, HasSubstr(std::string(says)));
    EXPECT_EQ(test::difference(before, test::content(database())), "");
  };
  refused(
      "insert into app.members (id, email) values (900, 'new'); insert into app.events (member, "
      "at) values (900, "
      "'2026-01-01')",
      {"--table", "app.members"}, "rows of app.events point to rows that the backup does not have");
  refused("alter table app.members add column later int", {"--table", "app.members"},
          "later: not in the backup, integer in the live table");
  refused("alter table app.members drop column later, alter column quota type bigint",
          {"--table", "app.members"}, "quota: integer in the backup, bigint in the live table");
  refused(
      "alter table app.members alter column quota type int; create table app.points (e bigint, a "
      "date, foreign "
      "key (e, a) references app.events)",
      {"--table", "app.events_2025"},
      "points to a partitioned table of which only a part is replaced");
  refused("drop table app.points; alter table app.events detach partition app.events_2025",
          {"--table", "app.events"}, "the live table has no partition app.events_2025");
  EXPECT_EQ(restore({"--table", "app.totals", "--in-place", "--yes"}).status, 2) << "a view";
}

TEST_F(RestoreTables, InPlaceDoesNotWaitForEverBehindOthers) {
  make_shop("locked");
  pg::Connection other = database().connect();
  other.execute("begin; select from app.members limit 1");
  const test::BinaryResult result = restore({"--table", "app.members", "--in-place", "--yes"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("others use app.members"));
}

// An archive without fingerprints: beside only, and it says that nothing was compared.
TEST_F(RestoreTables, OfAStockArchiveGoBesideOnly) {
  make_shop("stock");
  const std::string before = hash("app.members");
  test::stock(folder(), "pg_dump", {"-Fc", "-f", "stock.dump", "-d", database().url()});
  const std::string archive = (folder() / "stock.dump").string();
  const test::BinaryResult result = run({"restore", archive, "--table", "members"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("NOT proven"));
  EXPECT_EQ(hash("app.members__restored"), before);
  const test::BinaryResult refused =
      run({"restore", archive, "--table", "members", "--in-place", "--yes"});
  EXPECT_EQ(refused.status, 2);
  EXPECT_THAT(refused.err, HasSubstr("no fingerprints"));
}

// Every table of the scripts of kinds: odd names, inheritance, policies, partitions of partitions,
// identity columns in odd states.
TEST_F(RestoreTables, OfEveryKindComeBackBesideAndInPlace) {
  make("kinds", "", {"types", "tables", "names"});
  server().connect().execute("drop role if exists shop_reader; create role shop_reader");
  back_up({"--proof", "read-back"});
  const std::string before = test::content(database());
  const test::BinaryResult beside = restore({"--table", "*", "--accept-superuser-functions"});
  ASSERT_EQ(beside.status, 0) << beside.err;
  const auto drop_all = [this](std::string_view pattern) {
    database().connect().execute(
        cat("do $$ declare names text; begin select string_agg(c.oid::regclass::text, ',') into "
            "names from pg_class c where relname like '",
            pattern,
            "' and relkind in ('r', 'p'); execute 'drop table ' || names || ' cascade'; end $$"));
  };
  drop_all("%\\_\\_restored%");
  EXPECT_EQ(test::difference(before, test::content(database())), "");
  // A child alone is no child of the live parent.
  const test::BinaryResult child =
      restore({"--table", "tables.child", "--accept-superuser-functions"});
  ASSERT_EQ(child.status, 0) << child.err;
  EXPECT_THAT(child.err, HasSubstr("left out: INHERITS tables.parent of child"));
  drop_all("child\\_\\_restored");
  EXPECT_EQ(test::difference(before, test::content(database())), "");
  // Rows that were there before a constraint are refused when they come again.
  const std::vector<std::string> all{"--table", "*", "--in-place", "--yes",
                                     "--accept-superuser-functions"};
  const test::BinaryResult refused = restore(all);
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("broken_t"));
  EXPECT_THAT(refused.err, HasSubstr("drop the constraint first"));
  EXPECT_EQ(test::difference(before, test::content(database())), "");
  database().connect().execute("alter table tables.broken drop constraint broken_t");
  const test::BinaryResult in_place = restore(all);
  ASSERT_EQ(in_place.status, 0) << in_place.err;
  drop_all("%\\_\\_replaced\\_%");
  EXPECT_EQ(test::difference(before, test::content(database())), "");
}

}  // namespace
