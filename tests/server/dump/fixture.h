// A database, its dump, and what stock programs make of it.
#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <string>

#include "dump/dump.h"
#include "pg/session.h"
#include "scan/table.h"
#include "support/server.h"
#include "util/files.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace dump {

class DumpTest : public test::ServerTest {
 protected:
  Options options(const test::TestDatabase& database, std::string_view folder = "out") {
    Options options;
    options.source = database.conninfo();
    options.application_name = "dump-test";
    options.directory = scratch_.path() / folder;
    options.jobs = 2;
    std::filesystem::create_directory(options.directory);
    return options;
  }
  archive::Manifest dump(const test::TestDatabase& database, std::string_view folder = "out") {
    return run(options(database, folder), reporter_, {});
  }
  std::string file(std::string_view name, std::string_view folder = "out") {
    return (scratch_.path() / folder / name).string();
  }

  // Runs a client program of the server's version; its failure is the test's.
  static std::string stock(std::vector<std::string> argv) {
    argv[0] = (test::server_bin_directory() / argv[0]).string();
    const util::Captured done = util::capture({.argv = argv}, {}, 64U << 20U);
    EXPECT_EQ(done.ended.status, 0) << util::join(argv, " ") << "\n" << done.err;
    return done.out;
  }
  void restore(const test::TestDatabase& into, std::string_view jobs = "-j4") {
    stock({"pg_restore", "-e", std::string(jobs), "-d", into.url(), file("full_backup.dump")});
  }

  // Rows of every table, whatever their order.
  static std::map<std::string, codec::Fingerprint> content(const test::TestDatabase& database) {
    pg::Connection connection = database.connect();
    pg::pin_settings(connection, pg::database_encoding(connection));
    std::map<std::string, codec::Fingerprint> sums;
    for (const scan::Table& table : scan::list_tables(connection)) {
      const std::string name = util::cat(table.name.schema, ".", table.name.name);
      sums[name] = scan::fingerprint(connection, table.name, table.columns, table.filter, {});
    }
    return sums;
  }
  static std::map<std::string, codec::Fingerprint> content(const archive::Manifest& manifest) {
    std::map<std::string, codec::Fingerprint> sums;
    for (const archive::TableRecord& table : manifest.tables) {
      sums[util::cat(table.schema, ".", table.table)] = table.fingerprint;
    }
    return sums;
  }

  util::TempDir scratch_{"dump-test-"};
  util::QuietReporter reporter_;
};

// More than one chunk: 20 000 rows of about 2 kB.
constexpr std::string_view kWideTable =
    "create table public.wide (i int primary key, filler text);"
    "alter table public.wide alter filler set storage plain;"
    "insert into public.wide select i, pg_catalog.repeat(pg_catalog.md5(i::text), 60)"
    "  from pg_catalog.generate_series(1, 20000) i";

}  // namespace dump
