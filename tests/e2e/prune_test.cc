// prune: what pgbelay made on the server is listed with a reason, and only what no run needs goes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "pg/ident.h"
#include "support/guarded.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;
using testing::UnorderedElementsAre;
using util::cat;

class Prune : public test::GuardedTest {
 protected:
  Prune() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (!IsSkipped()) fill();
  }
  void TearDown() override {
    if (!IsSkipped()) {
      for (const std::string& name : sides()) drop(name);
    }
    GuardedTest::TearDown();
  }
  // A database that has the name of a side, and this comment.
  std::string leave(std::string_view kind, std::string_view comment,
                    std::string_view key = "20250101000000") {
    std::string name = cat(database().name(), "__", kind, "_", key);
    pg::Connection maintenance = server().connect();
    maintenance.execute(cat("create database ", pg::quote_ident(name)));
    maintenance.execute(cat("comment on database ", pg::quote_ident(name), " is ",
                            pg::quote_literal(std::string(comment))));
    return name;
  }
  void drop(const std::string& name) {
    server().connect().execute(
        cat("drop database if exists ", pg::quote_ident(name), " with (force)"));
  }
  BinaryResult migrate(std::vector<std::string> options, const char* statement) {
    std::vector<std::string> args{"migrate", "--yes"};
    args.insert(args.end(), options.begin(), options.end());
    args.insert(args.end(), {"--", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
                             "alter table orders drop column note cascade", "-c", statement});
    return run(std::move(args));
  }
  void expect_line(const BinaryResult& result, std::string_view what, const std::string& name,
                   std::string_view reason) {
    for (const std::string_view line : util::split(result.out, '\n')) {
      if (line.find(name) == line.npos) continue;
      EXPECT_TRUE(line.starts_with(what)) << line;
      EXPECT_THAT(std::string(line), HasSubstr(std::string(reason)));
      return;
    }
    ADD_FAILURE() << "no line of " << name << " in:\n" << result.out << result.err;
  }
};

TEST_F(Prune, LeftoversOfEachKindGoAndWhatMayBeNeededStays) {
  const std::string probe = leave("probe", "pgbelay: an empty database that tries out the undo");
  const std::string drift = leave("drift", "pgbelay drift 20250101000000, host:/migrations");
  const std::string proof = leave("proof", "pgbelay restore of 2025, host:/backups");
  const std::string replaced =
      leave("replaced", "pgbelay restore of 2025, host:/backups (replaced)");
  const std::string elsewhere =
      leave("rehearsal", "pgbelay run 2025-01-01_000000_x, host:/backups");
  const std::string held = leave("held", "");
  const std::string strange = leave("failed", "made by hand");

  const BinaryResult listed = run({"prune", "-n"});
  EXPECT_EQ(listed.status, 0) << listed.err;
  expect_line(listed, "drop", probe, "an undo was tried out with it");
  expect_line(listed, "drop", drift, "drift --against");
  expect_line(listed, "drop", proof, "left by something that died");
  expect_line(listed, "drop", replaced, "the state before a restore");
  expect_line(listed, "keep", elsewhere, "its run is elsewhere: pgbelay run 2025-01-01_000000_x");
  expect_line(listed, "keep", held, "under a hold");
  expect_line(listed, "keep", strange, "nothing says that pgbelay made it");
  EXPECT_EQ(sides().size(), 7U) << "only looked";

  expect_refusal(run({"prune"}), 6, {"--yes"});
  EXPECT_EQ(sides().size(), 7U);
  const BinaryResult done = run({"prune", "--yes"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(sides(), UnorderedElementsAre(elsewhere, held, strange));
}

TEST_F(Prune, WhatSomebodyUsesStays) {
  const std::string open = leave("probe", "pgbelay: an empty database");
  const std::string unused = leave("proof", "pgbelay restore of 2025, host:/backups");
  const pg::Connection somebody = server().connect(open);
  const std::string subscription = leave("replaced", "pgbelay restore of 2025 (replaced)");
  server()
      .connect(subscription)
      .execute(
          "create subscription pruned connection 'dbname=nowhere' publication p "
          "with (connect = false, slot_name = 'kept_at_the_publisher')");
  const BinaryResult done = run({"prune", "--yes"});
  server()
      .connect(subscription)
      .execute("alter subscription pruned set (slot_name = none); drop subscription pruned");
  EXPECT_EQ(done.status, 0) << done.err;
  expect_line(done, "keep", open, "1 session in it");
  expect_line(done, "keep", subscription, "subscription pruned");
  EXPECT_THAT(sides(), UnorderedElementsAre(open, subscription));
  EXPECT_THAT(done.out, HasSubstr(unused)) << "the other one went";
}

TEST_F(Prune, WhatARunMayNeedStaysUntilItIsOver) {
  EXPECT_EQ(migrate({"--keep-undo", "1h"}, "select 1").status, 0);
  const std::string kept = sides("proof").at(0);
  expect_line(run({"prune", "--yes"}), "keep", kept, "pgbelay undo needs it until");
  EXPECT_EQ(run({"undo", "psql", "--yes", "--on-foreign-writes", "undo"}).status, 0);
  const std::string failed = sides("failed").at(0);
  expect_line(run({"prune", "--yes"}), "keep", failed, "younger than");
  const BinaryResult done = run({"prune", "--yes", "--older-than", "0s", "--json"});
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_THAT(sides(), testing::IsEmpty());
  const nlohmann::json document = nlohmann::json::parse(done.out);
  EXPECT_EQ(document.at("schema").get<std::string>(), "pgbelay.prune/1");
  ASSERT_EQ(document.at("databases").size(), 1U);
  const nlohmann::json& one = document.at("databases").at(0);
  EXPECT_EQ(one.at("name").get<std::string>(), failed);
  EXPECT_EQ(one.at("purpose").get<std::string>(), "failed");
  EXPECT_EQ(one.at("action").get<std::string>(), "drop");
  EXPECT_TRUE(one.at("dropped").get<bool>());
  EXPECT_THAT(one.at("run").get<std::string>(), HasSubstr("psql"));
}

// The run is not over, whatever it has come to: its copy stays.
TEST_F(Prune, AnUnfinishedRunKeepsItsCopy) {
  pg::Connection somebody = database().connect();
  somebody.execute("begin; select 1");
  const BinaryResult open =
      migrate({"--hold", "none", "--on-foreign-writes", "ask"}, "select nonsense");
  EXPECT_EQ(open.status, 4) << open.err;
  const std::string copy = sides("proof").at(0);
  expect_line(run({"prune", "--yes", "--older-than", "0s"}), "keep", copy,
              "its run is not finished");
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(undone.status, 0) << undone.err;
}

TEST_F(Prune, DoctorNamesIt) {
  const std::string probe = leave("probe", "pgbelay: an empty database");
  const BinaryResult doctor = run({"doctor"});
  EXPECT_THAT(doctor.out, HasSubstr(probe));
  EXPECT_THAT(doctor.out, HasSubstr("pgbelay prune"));
}

}  // namespace
