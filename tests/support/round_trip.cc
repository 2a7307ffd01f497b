#include "support/round_trip.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "pg/ident.h"
#include "util/files.h"
#include "util/text.h"

namespace test {
namespace {

using util::cat;

// A query per table (rows), sequence, and materialised view, made by the server, which quotes the
// names. format() gives what a type's output function gives, as COPY does; a cast may not. Columns:
// kind, name, query.
constexpr std::string_view kQueries = R"sql(
select case relkind when 'S' then 'sequence' when 'm' then 'matview' else 'table' end, c.oid::regclass::text,
       case when relkind = 'S' then format('select concat_ws('' '', last_value, is_called) from %s', c.oid::regclass)
            when relkind = 'm' and not relispopulated then 'select ''not populated'''
            else format('select concat_ws('' '', count(*), md5(string_agg(line, '''' order by line))) from (select md5(concat(''''%s)) collate "C" as line from only %s) x',
                        (select string_agg(format(',case num_nulls(%1$I) when 0 then md5(format(''%%s'', %1$I)) end, ''|''', attname), '' order by attname::text collate "C")
                           from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped), c.oid::regclass) end
  from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
 where relkind in ('r', 'm', 'S') and nspname !~ '^pg_' and nspname <> 'information_schema'
 order by 1, c.oid::regclass::text collate "C")sql";

constexpr std::string_view kLargeObjects = R"sql(
select concat_ws(' ', 'large object', m.oid, lomowner::regrole, md5(lo_get(m.oid)), length(lo_get(m.oid)),
                 (select string_agg(a::text, ',' order by a::text) from unnest(coalesce(lomacl, acldefault('L', lomowner))) a),
                 quote_nullable(obj_description(m.oid, 'pg_largeobject')))
  from pg_largeobject_metadata m order by m.oid)sql";

constexpr std::string_view kSession =
    "set search_path = ''; set timezone = 'UTC'; set extra_float_digits = 1; set bytea_output = "
    "'hex'";

std::filesystem::path stock_program(std::string_view program) {
  return server_bin_directory() / program;
}

}  // namespace

util::Captured run_stock(const std::filesystem::path& folder, std::string_view program,
                         std::vector<std::string> args) {
  util::Command command;
  command.argv = {stock_program(program).string()};
  command.argv.insert(command.argv.end(), args.begin(), args.end());
  command.unset_env = pg::ConnInfo::environment_variables();
  command.directory = folder;
  return util::capture(command);
}

std::string stock(const std::filesystem::path& folder, std::string_view program,
                  std::vector<std::string> args) {
  const std::string shown = cat(program, ' ', util::join(args, " "));
  util::Captured result = run_stock(folder, program, std::move(args));
  EXPECT_EQ(result.ended.status, 0) << shown << "\n" << result.err;
  return std::move(result.out);
}

ClientVersion client_version(const std::filesystem::path& folder) {
  const std::string told = stock(folder, "pg_dump", {"--version"});
  ClientVersion version;
  const int read =
      std::sscanf(told.c_str(), "pg_dump (PostgreSQL) %d.%d", &version.major, &version.minor);
  EXPECT_EQ(read, 2) << told;
  return version;
}

util::Captured run_sql(const std::filesystem::path& folder, const std::filesystem::path& file,
                       const std::string& url) {
  util::Command command;
  command.argv = {
      "/bin/sh",
      "-c",
      R"(case $1 in *.zst) zstd -dc "$1";; *) gunzip -c "$1";; esac | "$2" -X -q -1 -v ON_ERROR_STOP=1 -d "$3")",
      "sh",
      file.string(),
      stock_program("psql").string(),
      url};
  command.unset_env = pg::ConnInfo::environment_variables();
  command.directory = folder;
  return util::capture(command);
}

void load_script(const std::filesystem::path& folder, const TestDatabase& database,
                 const std::filesystem::path& script) {
  std::vector<std::string> args{"-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null"};
  const int major = database.connect().server_major();
  for (int version = 14; version <= 18; ++version)
    args.insert(args.end(), {"-v", cat("since", version, "=", major >= version ? "on" : "off")});
  args.insert(args.end(), {"-d", database.url(), "-f", script.string()});
  stock(folder, "psql", std::move(args));
}

void load_kinds(const std::filesystem::path& folder, const TestDatabase& database,
                std::string_view script) {
  load_script(folder, database, cat(PGBELAY_SOURCE_DIR, "/tests/e2e/kinds/", script, ".sql"));
}

std::vector<std::filesystem::path> schema_corpus() {
  std::vector<std::filesystem::path> scripts;
  for (const auto& entry :
       std::filesystem::directory_iterator(cat(PGBELAY_SOURCE_DIR, "/tests/schema/corpus")))
    scripts.push_back(entry.path());
  std::sort(scripts.begin(), scripts.end());
  return scripts;
}

void make_kinds_roles(TestServer& server) {
  if (server.connect().query("select from pg_roles where rolname = 'kinds_owner'").row_count() > 0)
    return;
  server.connect().execute(util::read_text(cat(PGBELAY_SOURCE_DIR, "/tests/e2e/kinds/roles.sql")));
}

std::string content(const TestDatabase& database, Rows rows) {
  pg::Connection connection = database.connect();
  connection.execute(kSession);
  std::string text;
  const pg::Result queries = connection.query(kQueries);
  for (int row = 0; row < queries.row_count(); ++row) {
    if (rows == Rows::WithoutMatviews && queries.str(row, 0) == "matview") continue;
    text += cat(queries.str(row, 0), ' ', queries.str(row, 1), ' ',
                connection.query(queries.str(row, 2)).str(0, 0), '\n');
  }
  const pg::Result objects = connection.query(kLargeObjects);
  for (int row = 0; row < objects.row_count(); ++row) text += cat(objects.str(row, 0), '\n');
  return text;
}

std::string definitions(const std::filesystem::path& folder, const TestDatabase& database,
                        std::vector<std::string> flags) {
  const std::filesystem::path file = folder / "definitions.sql";
  flags.insert(flags.end(), {"--schema-only", "-f", file.string(), "-d", database.url()});
  stock(folder, "pg_dump", std::move(flags));
  const std::string dumped = util::read_text(file);
  std::string text;
  for (const std::string_view line : util::split(dumped, '\n')) {
    if (!line.starts_with("\\restrict ") && !line.starts_with("\\unrestrict "))
      text += cat(line, '\n');
  }
  return text;
}

std::string difference(const std::string& one, const std::string& other) {
  const auto lines = [](const std::string& text) {
    std::multiset<std::string> out;
    for (const std::string_view line : util::split(text, '\n')) out.emplace(line);
    return out;
  };
  std::string text;
  const std::multiset<std::string> left = lines(one);
  const std::multiset<std::string> right = lines(other);
  const auto add_more = [&text](std::string_view mark, const std::multiset<std::string>& in,
                                const std::multiset<std::string>& than) {
    for (auto line = in.begin(); line != in.end(); line = in.upper_bound(*line)) {
      if (in.count(*line) > than.count(*line)) text += cat(mark, *line, '\n');
    }
  };
  add_more("- ", left, right);
  add_more("+ ", right, left);
  return text.empty() && one != other ? "only the order of lines differs\n" : text;
}

void RoundTrip::make(std::string_view name, std::string_view create_options,
                     const std::vector<std::string>& scripts) {
  make_kinds_roles(server());
  options_ = create_options;
  database_.emplace(server(), name, create_options);
  for (const std::string& script : scripts) load_kinds(folder(), *database_, script);
}

BinaryResult RoundTrip::run(std::vector<std::string> args) {
  return run_release({.args = std::move(args),
                      .env = {cat("DATABASE_URL=", database_->url())},
                      .directory = folder(),
                      .timeout = std::chrono::seconds(300),
                      .on_line = {}});
}

void RoundTrip::back_up() { back_up({"--proof", "proven", "--sql-owners", "--sql-acls"}); }

void RoundTrip::back_up(std::vector<std::string> options) {
  options.insert(options.begin(), "backup");
  const BinaryResult made = run(std::move(options));
  ASSERT_EQ(made.status, 0) << made.err;
  told_ = made.err;
  backup_ = folder() / "backups" / std::string(util::trim(made.out));
}

TestDatabase RoundTrip::empty(std::string_view name) { return {server(), name, options_}; }

TestDatabase RoundTrip::stock_copy() {
  TestDatabase copy = empty("stock_copy");
  const std::string file = (folder() / "stock.dump").string();
  stock(folder(), "pg_dump", {"-Fc", "-Z1", "-f", file, "-d", database_->url()});
  stock(folder(), "pg_restore", {"-e", "-d", copy.url(), file});
  std::filesystem::remove(file);
  return copy;
}

TestDatabase RoundTrip::copy_by_pg_restore() {
  TestDatabase copy = empty("pg_restore_copy");
  stock(folder(), "pg_restore", {"-e", "-j", "4", "-d", copy.url(), dump()});
  return copy;
}

std::string RoundTrip::sql() const {
  const std::filesystem::path zstd = backup_ / "full_backup.sql.zst";
  return (std::filesystem::exists(zstd) ? zstd : backup_ / "full_backup.sql.gz").string();
}

TestDatabase RoundTrip::copy_by_psql() {
  TestDatabase copy = empty("psql_copy");
  const util::Captured result = run_sql(folder(), sql(), copy.url());
  EXPECT_EQ(result.ended.status, 0) << result.err;
  return copy;
}

TestDatabase RoundTrip::copy_by_pgbelay() {
  TestDatabase copy = empty("pgbelay_copy");
  server().connect().execute(cat("drop database ", pg::quote_ident(copy.name())));
  const BinaryResult result = run({"restore", backup_.string(), "--to", copy.name(), "--yes"});
  EXPECT_EQ(result.status, 0) << result.err;
  return copy;
}

bool RoundTrip::stock_loses_public() {
  constexpr int kNobodyCreates = 15;
  pg::Connection source = database_->connect();
  if (source.server_major() >= kNobodyCreates || client_version(folder()).major < kNobodyCreates)
    return false;
  return source
      .query(
          "select exists (select from pg_namespace where nspname = 'public') and not exists "
          "(select "
          "from pg_namespace, aclexplode(nspacl) where nspname = 'public' and grantee = 0 and "
          "privilege_type = 'CREATE')")
      .boolean(0, 0);
}

void RoundTrip::close_public(const TestDatabase& copy) {
  copy.connect().execute("revoke create on schema public from public");
}

bool RoundTrip::read_by_pg_dump() const {
  return util::read_text(backup_ / "manifest.json").find("\"schema_from\": \"pg_dump\"") !=
         std::string::npos;
}

void RoundTrip::expect_all_copies_equal() {
  const TestDatabase reference = stock_copy();
  const bool loses_public = stock_loses_public();
  // A database without `public` has one again after a stock restore (S12), which pg_dump 15 does
  // not pass over on older servers.
  const bool no_public =
      database_->connect().query("select from pg_namespace where nspname = 'public'").row_count() ==
      0;
  const auto without_public = [](const TestDatabase& copy) {
    copy.connect().execute("drop schema if exists public");
  };
  if (loses_public) close_public(reference);
  if (no_public) without_public(reference);
  const auto as_archived = [&](const TestDatabase& copy) -> const TestDatabase& {
    if (loses_public && read_by_pg_dump()) close_public(copy);
    if (no_public) without_public(copy);
    return copy;
  };
  const std::string rows = content(reference);
  EXPECT_EQ(difference(content(*database_, Rows::WithoutMatviews),
                       content(reference, Rows::WithoutMatviews)),
            "")
      << "the stock copy";
  const std::string objects = definitions(folder(), reference);
  const auto expect_equal = [&](std::string_view way, const TestDatabase& copy) {
    EXPECT_EQ(difference(rows, content(copy)), "") << "rows after " << way;
    EXPECT_EQ(difference(objects, definitions(folder(), copy)), "") << "objects after " << way;
  };
  expect_equal("pg_restore -j 4", as_archived(copy_by_pg_restore()));
  expect_equal("pgbelay restore", copy_by_pgbelay());
  const TestDatabase copy = copy_by_psql();
  expect_equal("gunzip | psql -1", as_archived(copy));
  const util::Captured over = run_sql(folder(), sql(), copy.url());
  EXPECT_EQ(over.ended.status, 0) << over.err;
  expect_equal("gunzip | psql -1 over the existing database", as_archived(copy));
}

}  // namespace test
