#include "ops/demo.h"

#include <sys/stat.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <thread>

#include "codec/fingerprint.h"
#include "ops/sql_demo.h"
#include "pg/connection.h"
#include "pg/private_server.h"
#include "pg/session.h"
#include "scan/table.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/files.h"
#include "util/secret.h"
#include "util/subprocess.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace ops {
namespace {

using util::cat;
using util::Error;
using util::Kind;

constexpr std::string_view kDatabase = "community";

// Everything the story needs; each chapter is a method.
class Demo {
 public:
  Demo(const DemoOptions& options, std::stop_token stop)
      : options_(options),
        stop_(std::move(stop)),
        folder_("pgbelay-demo-"),
        server_((open_folder(), server_options())) {}

  void tell();

 private:
  void open_folder() const;
  pg::PrivateServerOptions server_options();
  pg::Connection connect() {
    return pg::Connection::open(server_.conninfo(kDatabase), "pgbelay-demo", stop_);
  }

  void make_database();
  void back_up_and_prove();
  void good_migration();
  void rehearsed_migration();
  void bad_migration();
  void interrupted_migration();
  void look_around();
  void leave();

  void chapter(std::string_view text) { options_.say(cat("\n== ", text, "\n")); }
  void claim(bool holds, std::string_view text);
  int run(const std::vector<std::string>& arguments, std::stop_token interrupt = {});
  std::vector<std::string> psql(const std::string& file);
  std::string write(const std::string& name, std::string_view text);
  codec::Fingerprint content();
  std::string value(std::string_view sql);
  bool migration_sleeps();
  void accept_others();

  const DemoOptions& options_;
  std::stop_token stop_;
  util::TempDir folder_;
  std::string password_ = util::random_secret(8).reveal();
  pg::PrivateServer server_;
  std::vector<std::string> others_;  // options about others who are connected
};

// The server's account must be able to reach its own folder below ours.
void Demo::open_folder() const {
  if (::chmod(folder_.path().c_str(), 0755) != 0)
    throw util::io_error("open", folder_.path(), errno);
  std::filesystem::create_directory(folder_.path() / "server");
}

pg::PrivateServerOptions Demo::server_options() {
  return {.folder = folder_.path() / "server",
          .bin_directory = {},
          .settings = {"shared_buffers = 128MB", "max_wal_size = 1GB", "log_min_messages = fatal"},
          .password = password_};
}

void Demo::claim(bool holds, std::string_view text) {
  options_.say(cat("   ", holds ? "✓ " : "✗ ", text, "\n"));
  if (!holds) throw Error(Kind::Findings, cat("the demo's claim does not hold: ", text));
}

int Demo::run(const std::vector<std::string>& arguments, std::stop_token interrupt) {
  options_.say(cat("$ pgbelay ", util::join(arguments, " "), "\n"));
  util::Command command;
  command.argv = {options_.program.string()};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.directory = folder_.path();
  command.set_env = {cat("DATABASE_URL=", server_.url(kDatabase)), "NO_COLOR=1",
                     cat("PGBELAY_DIR=", (folder_.path() / "backups").string())};
  const util::Ended ended = util::run(
      command, [&](util::Stream, std::string_view text) { options_.say(text); },
      std::move(interrupt), std::chrono::hours(1));
  util::throw_if_stopped(stop_);
  return ended.status;
}

// The guarded command of the story: psql, each statement in a transaction of its own.
std::vector<std::string> Demo::psql(const std::string& file) {
  const std::filesystem::path beside = pg::newest_bin_directory().value_or("") / "psql";
  const std::string program = util::find_program("psql") ? "psql" : beside.string();
  std::vector<std::string> arguments{"migrate", "--yes"};
  arguments.insert(arguments.end(), others_.begin(), others_.end());
  arguments.insert(arguments.end(),
                   {"--", program, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file});
  return arguments;
}

// Servers before 15 cannot tell that nobody else wrote; here nobody can.
void Demo::accept_others() {
  if (connect().server_major() >= 15) return;
  options_.say("   (this server cannot count sessions exactly: the runs say that nobody writes)\n");
  others_ = {"--hold", "none", "--on-foreign-writes", "undo"};
}

std::string Demo::write(const std::string& name, std::string_view text) {
  const std::filesystem::path path = folder_.path() / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << text;
  return name;
}

// All rows of all tables, as one number that does not depend on their order.
codec::Fingerprint Demo::content() {
  pg::Connection connection = connect();
  pg::pin_settings(connection, pg::database_encoding(connection));
  codec::Fingerprint sum;
  for (const scan::Table& table : scan::list_tables(connection)) {
    sum += scan::fingerprint(connection, table.name, table.columns, table.filter, {});
  }
  return sum;
}

std::string Demo::value(std::string_view sql) { return connect().query(sql).str(0, 0); }

void Demo::make_database() {
  chapter(cat("A community of ", util::show_count(options_.members),
              " members, on a private PostgreSQL"));
  pg::Connection::open(server_.conninfo("postgres"), "pgbelay-demo", stop_)
      .execute(cat("create database ", kDatabase));
  connect().execute(demo_schema(options_.members));
  pg::Connection connection = connect();
  connection.execute("analyze");
  options_.say(cat(
      "   ",
      connection
          .query(
              "select pg_catalog.pg_size_pretty(pg_catalog.pg_database_size(current_database()))")
          .str(0, 0),
      ", PostgreSQL ", connection.server_version_text(), "\n"));
}

void Demo::back_up_and_prove() {
  chapter("A backup, in three formats in one read, and the proof that it restores");
  claim(run({"backup", "first", "--proof", "proven"}) == 0,
        "the backup is proven: restored beside the database, every row and object equal");
  claim(run({"list"}) == 0, "and it is listed with its level");
}

void Demo::good_migration() {
  chapter("A migration that is right");
  write("migrations/001_quotas.sql", kGoodMigration);
  std::vector<std::string> arguments{"migrate", "--yes", "migrations"};
  arguments.insert(arguments.end(), others_.begin(), others_.end());
  claim(run(arguments) == 0, "it ran");
  claim(value("select count(*) from members where quota = 500") == cat(options_.members / 10),
        "and the database has what it made");
}

void Demo::rehearsed_migration() {
  chapter("A migration that looks harmless, on a copy first: the rehearsal");
  write("heavy/001_note.sql", kHeavyMigration);
  claim(run({"rehearse", "heavy", "--max-rewrite-bytes", "1kB"}) == 9,
        "exit 9: it would write a table anew, more than the limit allows");
  claim(value("select pg_catalog.format_type(atttypid, atttypmod) from pg_catalog.pg_attribute "
              "where attrelid = 'events'::regclass and attname = 'note'") == "text",
        "the database was not touched");
  claim(value("select count(*) from pg_catalog.pg_database where datname like "
              "'community\\_\\_rehearsal\\_%'") == "0",
        "the copy is gone");
}

void Demo::bad_migration() {
  chapter("A migration that fails half-way, after it has dropped a column and committed that");
  const std::string file = write("bad.sql", kBadMigration);
  const codec::Fingerprint before = content();
  const util::Stopwatch watch;
  claim(run(psql(file)) == 3, "exit 3: it failed and was undone");
  claim(content() == before, "every row of every table is what it was");
  claim(value("select count(*) from pg_catalog.pg_attribute where attrelid = 'members'::regclass "
              "and attname = 'email' and not attisdropped") == "1",
        "the dropped column is back");
  claim(value("select count(*) from pg_catalog.pg_database where datname like "
              "'community\\_\\_failed\\_%'") == "1",
        "the failed database is kept beside it");
}

// The third migration is in the middle of its second statement. A server that cannot be asked ends
// the wait.
bool Demo::migration_sleeps() {
  try {
    return pg::Connection::open(server_.conninfo("postgres"), "pgbelay-demo")
               .query(
                   "select count(*) from pg_catalog.pg_stat_activity where query like 'SELECT "
                   "pg_sleep%' and state = 'active'")
               .str(0, 0) != "0";
  } catch (const Error&) {
    return true;
  }
}

void Demo::interrupted_migration() {
  chapter("Ctrl+C in the middle of a third");
  const std::string file = write("slow.sql", kSlowMigration);
  const codec::Fingerprint before = content();
  std::stop_source interrupt;
  std::jthread operator_at_the_keyboard([&](std::stop_token ended) {
    while (!ended.stop_requested() && !migration_sleeps())
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (ended.stop_requested()) return;
    options_.say("^C\n");
    interrupt.request_stop();
  });
  const int status = run(psql(file), interrupt.get_token());
  operator_at_the_keyboard.request_stop();
  operator_at_the_keyboard.join();
  claim(status == 3, "exit 3: it was interrupted and undone");
  claim(content() == before, "every row of every table is what it was");
  claim(value("select count(*) from pg_catalog.pg_stat_activity where query like '%pg_sleep%' and "
              "pid <> pg_catalog.pg_backend_pid()") == "0",
        "its session on the server is gone");
}

void Demo::look_around() {
  chapter("Afterwards");
  claim(run({"runs"}) == 0, "the runs are on record");
  claim(run({"status"}) == 0, "nothing is unfinished");
  claim(value("select count(*) from pg_catalog.pg_database where datname like "
              "'community\\_\\_proof\\_%'") == "1",
        "of the copies only the old state of the good migration is left, for an undo");
}

void Demo::leave() {
  if (options_.afterwards == Afterwards::LeaveNothing) {
    options_.say("\nEverything did what it claims. Nothing is left behind (--keep leaves all).\n");
    return;
  }
  server_.detach();
  folder_.keep();
  options_.say(
      cat("\nEverything did what it claims. The server goes on running:\n  export DATABASE_URL=",
          server_.url(kDatabase), "\n  backups: ", (folder_.path() / "backups").string(),
          "\n  server:  ", server_.data_directory().string(), "\n"));
}

void Demo::tell() {
  make_database();
  accept_others();
  back_up_and_prove();
  good_migration();
  rehearsed_migration();
  bad_migration();
  interrupted_migration();
  look_around();
  leave();
}

}  // namespace

void run_demo(const DemoOptions& options, std::stop_token stop) {
  Demo(options, std::move(stop)).tell();
}

}  // namespace ops
