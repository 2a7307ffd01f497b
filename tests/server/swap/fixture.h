// A live database, a sealed copy beside it, and a connection to a third database.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "pg/ident.h"
#include "support/server.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"

namespace swap {

constexpr const char* kKey = "20261120143050";

class SwapTest : public test::ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    admin_.emplace(open_maintenance(test::test_server().conninfo("template_is_not_used"), "",
                                    "pgbelay-test", {}));
    drop_all();
    admin_->execute(
        "create role swap_owner login createdb; create role swap_user login; create role \"swap "
        "\"\"x\"");
    admin_->execute("create database " + pg::quote_ident(live_) +
                    " template template0 owner swap_owner");
    connect(live_).execute(
        "create table t (v text); insert into t values ('live'); grant select on t to public");
  }
  void TearDown() override {
    if (admin_) drop_all();
  }

  void drop_all() {
    const pg::Result names = admin_->query(
        "select datname, quote_ident(datname) from pg_database where datname like 'app%' or "
        "datname = $1",
        {live_});
    for (int row = 0; row < names.row_count(); ++row) {
      const std::string quoted = names.str(row, 1);
      for (const auto& prepared : prepared_in(names.str(row, 0))) {
        admin_->execute(util::cat("alter database ", quoted, " allow_connections true"));
        connect(names.str(row, 0))
            .execute(util::cat("rollback prepared ", pg::quote_literal(prepared)));
      }
      admin_->execute(util::cat("alter database ", quoted, " is_template false"));
      admin_->execute(util::cat("drop database ", quoted, " with (force)"));
    }
    admin_->execute("drop role if exists swap_owner, swap_user, \"swap \"\"x\"");
  }

  std::vector<std::string> prepared_in(const std::string& database) {
    std::vector<std::string> gids;
    const pg::Result rows =
        admin_->query("select gid from pg_prepared_xacts where database = $1", {database});
    for (int row = 0; row < rows.row_count(); ++row) gids.push_back(rows.str(row, 0));
    return gids;
  }

  static pg::Connection connect(const std::string& database) {
    return test::test_server().connect(database);
  }
  static pg::Connection connect_as(const std::string& user, const std::string& database) {
    return pg::Connection::open(test::test_server().conninfo(database).with_option("user", user),
                                "pgbelay-test");
  }

  std::string copy() const { return side_name(live_, Purpose::Proof, kKey); }
  std::string kept() const { return side_name(live_, Purpose::Failed, kKey); }
  pg::DatabaseProperties properties() { return pg::read_properties(*admin_, live_); }

  // A sealed copy whose table says so.
  SealRecord make_copy() {
    create_side(*admin_, copy(), properties(), "pgbelay run x, host:/dir");
    connect(copy()).execute(
        "create table t (v text); insert into t values ('copy'); grant select on t to public");
    seal(*admin_, copy());
    return seal_record(*admin_, copy());
  }

  SwapPlan plan() {
    return {.live = live_,
            .copy = copy(),
            .kept = kept(),
            .properties = properties(),
            .kept_comment = "kept",
            .patience = std::chrono::milliseconds(3000)};
  }

  std::string content(const std::string& database) {
    return connect(database).query("select v from t").str(0, 0);
  }
  bool exists(const std::string& database) {
    return admin_->query("select 1 from pg_database where datname = $1", {database}).row_count() >
           0;
  }

  std::string live_ = "app";
  std::optional<pg::Connection> admin_;
};

}  // namespace swap
