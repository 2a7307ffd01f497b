// When a sum that was read while the load went on may stand for the table at its end.
#include "verify/early.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/verify/made_backup.h"

namespace verify {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr int kExact = 15;
constexpr std::string_view kLoader = "pgbelay-early-test";

constexpr std::string_view kTable = "create table t (id int, v text)";
constexpr std::string_view kRows =
    "insert into t select i, 'row ' || i from generate_series(1, 1000) i";

class Early : public VerifyTest {
 protected:
  Early() {
    pg::Connection source = source_.connect();
    source.execute(kTable);
    source.execute(kRows);
    manifest_ = read_manifest(source);
    manifest_.tables.at(0).dump_id = 7;
    as_loader(kTable);
    as_loader(kRows);
  }
  void SetUp() override {
    VerifyTest::SetUp();
    if (copy_.connect().server_major() < kExact) GTEST_SKIP() << "counts are exact from 15 on";
  }

  void as_loader(std::string_view sql) {
    pg::Connection::open(copy_.conninfo(), kLoader).execute(sql);
  }
  void read() {
    pg::Connection loader = pg::Connection::open(copy_.conninfo(), kLoader);
    for (const load::Inspection& inspection : early_->inspections()) {
      EXPECT_EQ(inspection.data_entry, 7);
      inspection.look(loader);
    }
  }
  std::set<int> settled() {
    pg::Connection connection = copy_.connect();
    return early_->settled(connection, std::string(kLoader));
  }

  test::TestDatabase source_ = test::make_database("source");
  test::TestDatabase copy_ = test::make_database("copy");
  archive::Manifest manifest_;
  std::unique_ptr<EarlyReading> early_;
};

TEST_F(Early, WhatNobodyTouchedIsSettled) {
  early_ = std::make_unique<EarlyReading>(manifest_, kExact);
  read();
  as_loader("create index on t (v); analyze t; alter table t add primary key (id)");
  EXPECT_THAT(settled(), ElementsAre(7));
}

// K3: whoever the statement was from, the table is read again.
TEST_F(Early, K3_WhatWasTouchedAfterwardsIsNot) {
  for (const std::string_view statement :
       {"update t set v = 'other' where id = 1", "delete from t where id = 1",
        "insert into t values (0, 'more')", "update t set v = v where id = 1",
        "alter table t alter id type bigint", "truncate t", "drop table t"}) {
    as_loader("drop table if exists t");
    as_loader(kTable);
    as_loader(kRows);
    early_ = std::make_unique<EarlyReading>(manifest_, kExact);
    read();
    as_loader(statement);
    EXPECT_THAT(settled(), IsEmpty()) << statement;
  }
}

TEST_F(Early, WhatDiffersOrWasNotReadIsNot) {
  early_ = std::make_unique<EarlyReading>(manifest_, kExact);
  EXPECT_THAT(settled(), IsEmpty()) << "not read";
  as_loader("update t set v = 'other' where id = 1");
  read();
  EXPECT_THAT(settled(), IsEmpty()) << "differs";
}

// What is wrong with such a table is told by the reading that follows, not by the load.
TEST_F(Early, ATableThatCannotBeReadIsLeftToTheReadingAfterTheLoad) {
  early_ = std::make_unique<EarlyReading>(manifest_, kExact);
  as_loader("alter table t drop column v");
  EXPECT_NO_THROW(read());
  EXPECT_THAT(settled(), IsEmpty());
}

TEST_F(Early, ServersThatMayLoseCountsAreNotReadEarly) {
  EXPECT_THAT(EarlyReading(manifest_, kExact - 1).inspections(), IsEmpty());
}

TEST_F(Early, ALargeTableIsReadInParts) {
  manifest_.tables.at(0).raw_bytes = 100U << 20U;
  early_ = std::make_unique<EarlyReading>(manifest_, kExact);
  EXPECT_EQ(early_->inspections().size(), 4U);
  read();
  EXPECT_THAT(settled(), ElementsAre(7)) << "each part once";
}

}  // namespace
}  // namespace verify
