// What a guarded command meets at the tap: TLS if it insists, and what it leaves open is told.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/guarded.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;
using testing::Not;
using util::cat;

class AtTheTap : public test::GuardedTest {
 protected:
  AtTheTap() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (!IsSkipped()) fill();
  }
  BinaryResult migrate(const std::string& script) {
    return run({"migrate", "--yes", "--", "/bin/sh", "-c", script});
  }
};

// A tool whose own configuration insists on TLS gets it, verified by the file that it is given.
TEST_F(AtTheTap, F7ACommandThatInsistsOnTlsGetsIt) {
  const BinaryResult result = migrate(
      "psql -X -q -v ON_ERROR_STOP=1 \"sslmode=verify-full channel_binding=require\" -c 'create "
      "table made (i int)' -c '\\conninfo'");
  EXPECT_EQ(result.status, 0) << result.err;
  // psql says the rest in words before 18, and in a table since.
  EXPECT_THAT(result.out + result.err, HasSubstr("TLSv1."));
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made'"), "1");
  const BinaryResult other = migrate(
      "psql -X \"sslmode=verify-full sslrootcert=/nonexistent\" -c 'create table other (i int)'");
  EXPECT_EQ(other.status, 3) << other.err;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder()))
    EXPECT_NE(entry.path().extension(), ".crt") << entry.path();
  expect_nothing_left_behind();
}

// What the command did not commit is told: in its output, the journal, the report, the rehearsal.
TEST_F(AtTheTap, WhatACommandLeavesOpenIsTold) {
  const std::string script =
      "echo 'begin; insert into orders (customer, total) values (1, 5); select 1;' | psql -X -q";
  const BinaryResult result =
      run({"migrate", "--yes", "--json", "--rehearse", "--", "/bin/sh", "-c", script});
  EXPECT_EQ(result.status, 0) << result.err;
  const std::string told = "with a transaction open: INSERT 0 1 not committed; last: select 1;";
  std::size_t times = 0;
  for (const std::string_view line : util::split(result.out, '\n'))
    if (line.find("\"warning\"") != line.npos && line.find(told) != line.npos) ++times;
  EXPECT_EQ(times, 2U) << "of the rehearsal and of the run: " << result.out;
  EXPECT_EQ(query("select count(*) from orders"), "3000");
  const auto runs = std::filesystem::directory_iterator(backups() / "runs");
  const std::filesystem::path run_folder = begin(runs)->path();
  for (const char* name : {"journal.jsonl", "report.txt", "rehearsal.json", "report.html"})
    EXPECT_THAT(util::read_text(run_folder / name), HasSubstr(told)) << name;
  const BinaryResult looks = migrate("echo 'begin; select 1;' | psql -X -q");
  EXPECT_EQ(looks.status, 0) << looks.err;
  EXPECT_THAT(looks.err, HasSubstr("had changed nothing visibly"));
  EXPECT_THAT(looks.err, Not(HasSubstr("warning: the command left")));
}

}  // namespace
