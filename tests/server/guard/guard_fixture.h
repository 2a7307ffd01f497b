// A database to be migrated, a folder for backups, and a reporter that remembers what it was told.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "guard/run.h"
#include "guard/sql_guard.h"
#include "guard/undo.h"
#include "support/server.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/files.h"
#include "util/mutex.h"
#include "util/text.h"

namespace guard {

class Remembering : public util::QuietReporter {
 public:
  void step(std::string_view name, util::StepState state, std::string_view text) override {
    if (state == util::StepState::Begin) return;
    add(util::cat(name, state == util::StepState::Ok ? " ok " : " FAILED ", text));
  }
  void note(std::string_view text) override { add(util::cat("note ", text)); }
  void warning(std::string_view text) override { add(util::cat("warning ", text)); }
  void output(std::string_view text) override {
    add(util::cat("output ", text));
    if (on_output) on_output(text);
  }
  void progress(std::string_view what, std::uint64_t done, std::uint64_t total) override {
    if (on_progress) on_progress(what, done, total);
  }
  std::vector<std::string> lines() const {
    const util::Lock hold(mutex_);
    return lines_;
  }
  std::string all() const { return util::join(lines(), "\n"); }
  void clear() {
    const util::Lock hold(mutex_);
    lines_.clear();
  }
  std::function<void(std::string_view)> on_output;
  std::function<void(std::string_view, std::uint64_t, std::uint64_t)> on_progress;  // any thread

 private:
  void add(std::string line) {
    const util::Lock hold(mutex_);
    lines_.push_back(std::move(line));
  }
  mutable util::Mutex mutex_;
  std::vector<std::string> lines_ PGBELAY_GUARDED_BY(mutex_);
};

class GuardTest : public test::ServerTest {
 protected:
  void SetUp() override {
    test::ServerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    database.emplace(test::make_database("guard"));
    fill();
  }
  void fill() {
    sql("create table members (id serial primary key, name text not null, email text);"
        "insert into members (name, email) select 'm' || n, 'm' || n || '@example.org' from "
        "generate_series(1, 500) n;"
        "create table events (id bigint primary key, member int references members, body jsonb);"
        "insert into events select n, 1 + n % 500, jsonb_build_object('n', n) from "
        "generate_series(1, 300) n;"
        "create function answer() returns int language sql as 'select 42';");
  }
  void TearDown() override {
    if (!database) return;
    pg::Connection maintenance = test::test_server().connect();
    for (const swap::Side& side : swap::list_sides(maintenance, name()))
      swap::drop_side(maintenance, side.name);
    database.reset();
  }

  const std::string& name() const { return database->name(); }
  // Servers before 15 do not: nobody can know there that nobody else wrote (docs/versions.md).
  static bool counts_sessions() {
    static const bool counts = test::test_server().connect().server_major() >= 15;
    return counts;
  }
  // In a session that has ended when it returns: at the server, too, so that nobody is left to be
  // seen.
  void sql(const std::string& text) {
    {
      pg::Connection connection = database->connect();
      connection.execute(text);
    }
    wait_alone();
  }
  std::string value(const std::string& query) {
    std::string out;
    {
      pg::Connection connection = database->connect();
      out = std::string(connection.query(query).text(0, 0).value_or("null"));
    }
    wait_alone();
    return out;
  }
  void wait_alone() {
    pg::Connection maintenance = test::test_server().connect();
    ASSERT_TRUE(wait_gone(
        maintenance, name(), [](int, const std::string&) { return true; },
        std::chrono::seconds(10)));
  }
  // Somebody at work.
  pg::Connection busy() {
    pg::Connection connection = database->connect();
    connection.execute("begin; select 1");
    return connection;
  }
  std::uint32_t oid() {
    pg::Connection maintenance = test::test_server().connect();
    return database_oid(maintenance, name());
  }
  std::vector<std::string> sides() {
    pg::Connection maintenance = test::test_server().connect();
    std::vector<std::string> names;
    for (const swap::Side& side : swap::list_sides(maintenance, name())) names.push_back(side.name);
    return names;
  }
  // Rows and shape of the database as it was made.
  std::string fingerprint() {
    return value(
        "select (select count(*) || '/' || sum(hashtextextended(m::text, 0)) from members m) || ' "
        "' ||"
        "       (select count(*) || '/' || sum(hashtextextended(e::text, 0)) from events e) || ' ' "
        "|| answer() ||"
        "       (select string_agg(attname || atttypid::regtype, ',' order by attnum)"
        "          from pg_attribute where attrelid = 'members'::regclass and attnum > 0 and not "
        "attisdropped)");
  }

  Options shell(const std::string& script) {
    Options options = base();
    options.command = CommandSpec{.argv = {"/bin/sh", "-c", script},
                                  .url_variables = {"DATABASE_URL"},
                                  .urls = {{"DATABASE_URL", database->url()}}};
    return options;
  }
  // psql stops at the first error; what it did before is committed.
  Options psql(const std::string& script) {
    return shell(util::cat("psql -X -q -v ON_ERROR_STOP=1 <<'END'\n", script, "\nEND\n"));
  }
  Options base() {
    Options options;
    options.database = database->conninfo();
    options.dir = folder.path() / "backups";
    options.version = "test";
    options.jobs = 2;
    options.backup.dump.jobs = 2;
    options.questions.confirm = [](const std::vector<std::string>&) { return true; };
    if (!counts_sessions()) {  // as docs/versions.md says for these
      options.hold = Hold::None;
      options.on_foreign_writes = OnForeignWrites::Undo;
    }
    return options;
  }
  // A migration of files, by name and text.
  Options files(const std::vector<std::pair<std::string, std::string>>& texts) {
    Options options = base();
    options.migrations = folder.path() / "migrations";
    std::filesystem::create_directories(options.migrations);
    for (const auto& [name, text] : texts) std::ofstream(options.migrations / name) << text;
    return options;
  }
  Options file(const std::string& text) { return files({{"001.sql", text}}); }
  UndoOptions undo_options() {
    UndoOptions options;
    options.database = database->conninfo();
    options.dir = folder.path() / "backups";
    options.version = "test";
    if (!counts_sessions()) options.on_foreign_writes = OnForeignWrites::Undo;
    return options;
  }
  Result go(const Options& options) { return run(options, reporter, stop.get_token()); }
  util::Error error_of(const Options& options) {
    try {
      const Result result = go(options);
      ADD_FAILURE() << "no error, exit code " << result.exit_code << "\n" << result.cause;
    } catch (const util::Error& error) {
      return error;
    }
    return {util::Kind::Bug, "no error"};
  }
  std::vector<RunInfo> runs() { return list_runs(folder.path() / "backups"); }

  util::TempDir folder{"guard"};
  std::optional<test::TestDatabase> database;
  Remembering reporter;
  std::stop_source stop;
};

constexpr const char* kBreaks =
    "alter table members drop column email;\n"
    "insert into events values (9001, 1, '{}');\n"
    "alter table members rename column nosuch to other;";

}  // namespace guard
