#include "check/check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "support/server.h"
#include "util/error.h"

namespace check {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Check : public test::ServerTest {
 protected:
  // Takes the present for the backup, runs `migration`, and gives "severity code object" of each
  // finding.
  std::vector<std::string> findings_after(std::string_view migration,
                                          const Announced& announced = {}) {
    std::vector<TableRows> rows;
    const pg::Result tables = connection_.query(
        "select schemaname, tablename, (xpath('/row/c/text()', query_to_xml(format('select "
        "count(*) as c from only"
        " %I.%I', schemaname, tablename), false, true, '')))[1]::text from pg_catalog.pg_tables"
        " join pg_catalog.pg_class c on c.oid = format('%I.%I', schemaname, tablename)::regclass"
        " where schemaname !~ '^pg_' and schemaname <> 'information_schema' and relkind = 'r'");
    for (int row = 0; row < tables.row_count(); ++row) {
      rows.push_back({{tables.str(row, 0), tables.str(row, 1)}, tables.u64(row, 2)});
    }
    const Before before = capture(connection_, rows);
    connection_.execute(migration);
    findings_ = after(connection_, before, {.announced = announced}, {});
    std::vector<std::string> out;
    for (const Finding& finding : findings_) {
      constexpr std::array<std::string_view, 3> kNames{"note", "warning", "failure"};
      out.push_back(std::string(kNames.at(static_cast<std::size_t>(finding.severity))) + " " +
                    finding.code + " " + finding.object);
    }
    return out;
  }
  static Announced said(std::string_view text) {
    Announced announced;
    announce(announced, text);
    return announced;
  }

  test::TestDatabase database_ = test::make_database("check");
  pg::Connection connection_ = database_.connect();
  std::vector<Finding> findings_;
};

TEST_F(Check, AMigrationThatLosesNothingHasNoFindings) {
  connection_.execute(
      "create table a as select generate_series(1, 10) i; create table gone_empty (i int)");
  EXPECT_THAT(findings_after("alter table a add j int; update a set j = 1; create table b (i int);"
                             "create index on a (i)"),
              IsEmpty());
}

TEST_F(Check, VanishedAndShrunkTablesFail) {
  connection_.execute(
      "create table a as select generate_series(1, 10) i; create table \"B c\" as table a");
  EXPECT_THAT(
      findings_after("drop table a; delete from \"B c\" where i = 1"),
      ElementsAre("failure table-shrank public.\"B c\"", "failure table-vanished public.a"));
  EXPECT_TRUE(failed(findings_));
  EXPECT_EQ(findings_[0].text, "table public.\"B c\" has 9 rows, 10 at the backup");
  EXPECT_THAT(findings_[0].hint, HasSubstr("--allow-destructive"));
}

TEST_F(Check, WhatWasAnnouncedIsANote) {
  connection_.execute(
      "create table a as select generate_series(1, 10) i; create schema s; create table s.b as "
      "table a");
  EXPECT_THAT(findings_after("drop table a", said("A")),
              ElementsAre("note table-vanished public.a"));
  EXPECT_THAT(findings_after("truncate s.b", said("other.b")),
              ElementsAre("failure table-shrank s.b"));
  connection_.execute("insert into s.b values (1)");
  EXPECT_THAT(findings_after("truncate s.b", said("all")), ElementsAre("note table-shrank s.b"));
  connection_.execute("insert into s.b values (1)");
  EXPECT_THAT(findings_after("drop schema s cascade", {.schemas = {"s"}, .tables = {}}),
              ElementsAre("note table-vanished s.b"));
  EXPECT_FALSE(failed(findings_));
}

TEST_F(Check, ACascadeIsNotAnnouncedByItsParent) {
  connection_.execute(
      "create table p (i int primary key); create table c (i int references p on delete cascade);"
      "insert into p values (1), (2); insert into c values (1), (2)");
  EXPECT_THAT(findings_after("delete from p where i = 1", said("p")),
              ElementsAre("failure table-shrank public.c", "note table-shrank public.p"));
}

TEST_F(Check, RowsAreFollowedThroughRenamesRotationsAndRebuilds) {
  connection_.execute(
      "create table a as select generate_series(1, 10) i; create table b as table a;"
      "create table c as table a; create table d as table a");
  EXPECT_THAT(
      findings_after(
          "alter table a rename to a2;"                                            // renamed
          "alter table b rename to b_old; create table b (like b_old);"            // rotated
          "create table c2 as table c; drop table c; alter table c2 rename to c;"  // rebuilt
          "alter table d rename to d2; create view d as table d2"),                // behind a view
      ElementsAre("note table-renamed public.a"));
}

TEST_F(Check, ARebuildThatLosesRowsFails) {
  connection_.execute("create table c as select generate_series(1, 10) i");
  EXPECT_THAT(findings_after("create table c2 as select * from c where i > 5; drop table c; alter "
                             "table c2 rename to c"),
              ElementsAre("failure table-shrank public.c"));
}

TEST_F(Check, PartitionsAreJudgedAsATree) {
  connection_.execute(
      "create table p (i int, k int) partition by list (k);"
      "create table p1 partition of p for values in (1); create table p2 partition of p for values "
      "in (2);"
      "insert into p select i, 1 + i % 2 from generate_series(1, 10) i");
  EXPECT_THAT(
      findings_after(
          "create table p3 partition of p for values in (3); update p set k = 3 where k = 1;"
          "alter table p detach partition p2; drop table p1"),
      IsEmpty());
  EXPECT_THAT(findings_after("drop table p3"), ElementsAre("failure table-shrank public.p"));
  connection_.execute(
      "create table p4 partition of p for values in (4); insert into p values (1, 4)");
  EXPECT_THAT(findings_after("drop table p4", said("p4")),
              ElementsAre("note table-shrank public.p"));
}

TEST_F(Check, InheritanceChildrenAreAnnouncedByTheirParent) {
  connection_.execute(
      "create table p (i int); create table c () inherits (p); insert into c values (1), (2)");
  EXPECT_THAT(findings_after("delete from p where i = 1", said("p")),
              ElementsAre("note table-shrank public.c"));
}

TEST_F(Check, RowsThatAPolicyHidesAreNotTakenForLost) {
  connection_.execute(
      "drop role if exists check_low; create role check_low;"
      "create table a as select generate_series(1, 10) i; alter table a owner to check_low");
  EXPECT_THAT(findings_after(
                  "alter table a enable row level security; alter table a force row level security;"
                  "set role check_low"),
              ElementsAre("warning table-not-counted public.a"));
  connection_.execute("reset role; drop table a; drop role check_low");
}

TEST_F(Check, NewInvalidIndexesFailOldOnesDoNot) {
  connection_.execute("create table a as select 1 i union all select 1 i");
  const auto fail_to_build = [&] {
    EXPECT_THROW(connection_.execute("create unique index concurrently on a (i)"), util::Error);
  };
  fail_to_build();
  const Before before = capture(connection_, {});
  EXPECT_THAT(after(connection_, before, {}, {}), IsEmpty());
  fail_to_build();
  const std::vector<Finding> findings = after(connection_, before, {}, {});
  ASSERT_THAT(findings, testing::SizeIs(1));
  EXPECT_EQ(findings[0].code, "index-invalid");
  EXPECT_EQ(findings[0].object, "public.a_i_idx1");
  EXPECT_EQ(findings[0].severity, Severity::Failure);
}

TEST_F(Check, AConstraintThatLosesItsValidityFailsANewOneWarns) {
  connection_.execute(
      "create table a (i int constraint positive check (i > 0), j int);"
      "alter table a add constraint old check (j > 0) not valid;"
      "create domain d as int constraint nonzero check (value <> 0)");
  EXPECT_THAT(
      findings_after(
          "alter table a drop constraint positive; alter table a add constraint positive check"
          " (i > 0) not valid; alter table a add constraint fresh check (j < 9) not valid;"
          "alter domain d drop constraint nonzero; alter domain d add constraint nonzero check"
          " (value <> 0) not valid"),
      ElementsAre("warning constraint-not-valid fresh", "failure constraint-not-valid positive",
                  "failure constraint-not-valid nonzero"));
}

}  // namespace
}  // namespace check
