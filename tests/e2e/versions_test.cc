// What depends on the server's version: objects that only newer servers know, and a pg_dump that is
// older than the server. What runs on which version stands in docs/versions.md.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/round_trip.h"
#include "support/run_binary.h"
#include "util/text.h"

namespace {

using util::cat;

class Versions : public test::RoundTrip {
 protected:
  int major() { return server().connect().server_major(); }
};

// Each script holds what one major version brought; F6, S13, S14.
TEST_F(Versions, WhatNewerServersBroughtIsTheSameByEveryWay) {
  if (major() < 14) GTEST_SKIP() << "PostgreSQL 13 is the oldest: it has nothing of this";
  std::vector<std::string> scripts;
  for (int version = 14; version <= std::min(major(), 18); ++version)
    scripts.push_back(cat("since", version));
  make("versions", "", scripts);
  back_up();
  expect_all_copies_equal();
}

// Before 15 pg_dump says nothing of who owns `public` and of its comment: the catalogues are read
// then, so that it can be proven. Where the program was asked for, the proof finds what it lost.
TEST_F(Versions, S12_WhatWasAlteredOfPublicComesBack) {
  make("public", "", {});
  for (const char* const altered :
       {"comment on schema public is 'the house''s'", "comment on schema public is null",
        "alter schema public owner to kinds_owner", "drop schema public; create schema public"}) {
    database().connect().execute(altered);
    const test::BinaryResult proven = run({"backup", "--proof", "proven"});
    EXPECT_EQ(proven.status, 0) << altered << ": " << proven.err;
  }
  const test::BinaryResult made_anew =
      run({"backup", "--proof", "proven", "--schema-from", "catalog"});
  EXPECT_EQ(made_anew.status, 0) << made_anew.err;
  database().connect().execute("alter schema public owner to kinds_owner");
  const bool writes_it = test::client_version(folder()).major >= 15;
  const test::BinaryResult asked = run({"backup", "--proof", "proven", "--schema-from", "pg_dump"});
  EXPECT_EQ(asked.status, writes_it ? 0 : 5) << asked.err;
  EXPECT_EQ(asked.err.find("schema public: owner") == std::string::npos, writes_it) << asked.err;
}

// On 13 he may not see the OIDs of subscriptions, which he has none of.
TEST_F(Versions, AnOrdinaryOwnerCanHaveTheCataloguesRead) {
  make("owned", "", {});
  database().connect().execute(R"sql(
      do $$ begin create role versions_owner login createdb; exception when duplicate_object then null; end $$;
      grant create on schema public to versions_owner;
      set role versions_owner;
      create table owned (id serial primary key, a varchar check (a in ('x', 'y'))); comment on table owned is 'his';
      grant select on owned to kinds_reader; insert into owned (a) values ('x'))sql");
  database().connect().execute(
      cat("alter database ", database().name(),
          " owner to versions_owner; revoke create on schema public from versions_owner"));
  const test::BinaryResult made = test::run_release(
      {.args = {"backup", "--proof", "proven", "--schema-from", "catalog"},
       .env = {cat("DATABASE_URL=",
                   util::replace_all(database().url(), "//postgres@", "//versions_owner@"))},
       .directory = folder(),
       .timeout = std::chrono::seconds(300),
       .on_line = {}});
  EXPECT_EQ(made.status, 0) << made.err;
}

// An archive in zstd is one that the server's own pg_restore reads: from 16 on. Every way back is
// the same, and rows come out of it as they do of others; levels differ in size only.
TEST_F(Versions, ZstdIsForServersThatReadIt) {
  make("zstd", "", {"tables"});
  const test::BinaryResult fast = run({"backup", "--compress", "zstd"});
  if (major() < 16) {
    EXPECT_EQ(fast.status, 2) << fast.err;
    EXPECT_THAT(fast.err, testing::HasSubstr(cat("the server is PostgreSQL ", major())));
    EXPECT_THAT(fast.err, testing::HasSubstr("Leave --compress out"));
    return;
  }
  EXPECT_EQ(fast.status, 0) << fast.err;
  back_up({"--proof", "proven", "--sql-owners", "--sql-acls", "--compress", "zstd:5"});
  EXPECT_EQ(sql().substr(sql().size() - 4), ".zst");
  expect_all_copies_equal();
  const test::BinaryResult verified = run({"verify", backup().string(), "--level", "proven"});
  EXPECT_EQ(verified.status, 0) << verified.err;
  const test::BinaryResult same = run({"diff", "latest", database().url(), "--exit-code"});
  EXPECT_EQ(same.status, 0) << same.out << same.err;
}

TEST_F(Versions, AnUnknownCompressionIsRefused) {
  make("unknown", "", {});
  for (const char* const how : {"zstd:0", "zstd:20", "zstd:", "lz4", "gzip:9"}) {
    const test::BinaryResult result = run({"backup", "--compress", how});
    EXPECT_EQ(result.status, 2) << how;
    EXPECT_THAT(result.err, testing::HasSubstr("zstd:LEVEL")) << how;
  }
}

// pg_dump refuses newer servers; the one that is missing is named before anything is written.
TEST_F(Versions, AnOlderPgDumpIsRefusedWithTheRemedy) {
  std::string older;
  for (int version = 13; version < major(); ++version) {
    const std::string program = cat("/usr/lib/postgresql/", version, "/bin/pg_dump");
    if (std::filesystem::exists(program)) older = program;
  }
  if (older.empty()) GTEST_SKIP() << "the system has no pg_dump older than the server";
  make("older", "", {});
  const test::BinaryResult result = run({"backup", "--pg-dump", older});
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_THAT(result.err, testing::HasSubstr(cat("the server is PostgreSQL ", major())));
  EXPECT_THAT(result.err, testing::HasSubstr(cat("postgresql-client-", major())));
  EXPECT_FALSE(std::filesystem::exists(folder() / "backups") &&
               !std::filesystem::is_empty(folder() / "backups"));
}

}  // namespace
