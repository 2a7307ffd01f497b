#include "support/guarded.h"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <thread>

#include "pg/connection.h"
#include "pg/ident.h"
#include "util/text.h"

namespace test {
namespace {

constexpr std::string_view kShop = R"sql(
create table customers (id bigserial primary key, name text not null, email varchar(100) unique,
                        state varchar check (state in ('active', 'gone')));
create table orders (id bigserial primary key, customer bigint not null references customers, total numeric(10, 2),
                     note text, doubled numeric generated always as (total * 2) stored);
create table "odd ""name" (id int primary key, "a b" text);
create view totals as select customer, sum(total) as total from orders group by customer;
create function touch() returns trigger language plpgsql as $$ begin new.note := coalesce(new.note, '') || '.'; return new; end $$;
insert into customers (name, email, state) select 'c' || n, n || '@example.org', 'active' from generate_series(1, 500) n;
insert into orders (customer, total, note) select 1 + n % 500, n, case when n % 2 = 0 then E'tab\there' end from generate_series(1, 3000) n;
insert into "odd ""name" values (1, null), (2, ''), (3, E'line\nbreak');
create index on orders (customer);
create trigger touch before update on orders for each row execute function touch();
select setval('customers_id_seq', 4711, false);
select lo_from_bytea(0, 'large');
)sql";

// Everything that an undo must bring back, as text. Named here and nowhere in the program under
// test.
constexpr std::string_view kContent = R"sql(
select string_agg(line, E'\n' order by line) from (
  select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull as line
    from pg_class c join pg_attribute a on a.attrelid = c.oid
   where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped
  union all select 'customer ' || c::text from customers c
  union all select 'order ' || o::text from orders o
  union all select 'odd ' || o::text from "odd ""name" o
  union all select 'sequence ' || s::text from pg_sequences s
  union all select 'large object ' || encode(lo_get(m.oid), 'hex') from pg_largeobject_metadata m
  union all select 'constraint ' || conname || ' ' || convalidated from pg_constraint where connamespace = 'public'::regnamespace
  union all select 'trigger ' || tgname || tgenabled::text from pg_trigger where not tgisinternal) lines)sql";

}  // namespace

GuardedTest::GuardedTest(Binary binary, TestServer& (*which)()) : binary_(binary), server_(which) {}

void GuardedTest::SetUp() {
  ServerTest::SetUp();
  if (IsSkipped() || HasFatalFailure()) return;
  database_ = std::make_unique<TestDatabase>(server(), "shop");
  // Servers before 15 do not count their sessions: a run has to be decided (docs/versions.md).
  if (server().connect().server_major() < 15)
    write("pgbelay.toml", "[migrate]\nhold = \"none\"\non_foreign_writes = \"undo\"\n");
}

BinaryResult GuardedTest::run(std::vector<std::string> args, std::vector<std::string> env,
                              OnLine on_line) {
  // Unless the test says otherwise.
  env.insert(env.begin(), {"PGBELAY_KEEP_UNDO=0s", util::cat("DATABASE_URL=", database_->url())});
  const BinaryRun call{.args = std::move(args),
                       .env = std::move(env),
                       .directory = folder(),
                       .on_line = std::move(on_line),
                       .input = input_};
  return binary_ == Binary::Release ? run_release(call) : run_dev(call);
}

void GuardedTest::write(const std::string& name, std::string_view text) const {
  std::filesystem::create_directories((folder() / name).parent_path());
  std::ofstream(folder() / name, std::ios::binary) << text;
}

void GuardedTest::fill() { database_->connect().execute(kShop); }

std::string GuardedTest::content() { return content_of(database_->name()); }

std::string GuardedTest::content_of(const std::string& name) {
  return server().connect(name).query(kContent).str(0, 0);
}

std::vector<std::string> GuardedTest::sides(std::string_view kind) {
  pg::Connection connection = server().connect();
  const pg::Result rows = connection.query(
      "select datname from pg_catalog.pg_database where starts_with(datname, $1) order by 1",
      {util::cat(database_->name(), "__", kind)});
  std::vector<std::string> names;
  for (int row = 0; row < rows.row_count(); ++row) names.push_back(rows.str(row, 0));
  return names;
}

namespace {
template <typename Wanted>
std::vector<std::string> names_in(const std::filesystem::path& folder, Wanted wanted) {
  std::vector<std::string> names;
  if (!std::filesystem::exists(folder)) return names;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && !entry.is_symlink() && wanted(name)) names.push_back(name);
  }
  return names;
}
}  // namespace

std::vector<std::string> GuardedTest::published() const {
  return names_in(backups(),
                  [](const std::string& name) { return name.front() != '.' && name != "runs"; });
}

std::vector<std::string> GuardedTest::stages() const {
  return names_in(backups(), [](const std::string& name) { return name.front() == '.'; });
}

std::string GuardedTest::query(std::string_view sql) {
  return database_->connect().query(sql).str(0, 0);
}

void GuardedTest::expect_refusal(const BinaryResult& result, int status,
                                 const std::vector<std::string>& texts) {
  EXPECT_EQ(result.status, status) << result.out << result.err;
  for (const std::string& text : texts) {
    EXPECT_NE((result.out + result.err).find(text), std::string::npos)
        << "no «" << text << "» in:\n"
        << result.out << result.err;
  }
  EXPECT_EQ((result.out + result.err).find(scram_password()), std::string::npos)
      << "the password is shown";
}

std::filesystem::path GuardedTest::last_run() const {
  std::filesystem::path last;
  for (const auto& entry : std::filesystem::directory_iterator(backups() / "runs"))
    last = std::max(last, entry.path());
  return last;
}

std::string GuardedTest::left_on_server() {
  // What is ours by name, locks and settings. A session that has ended may be there for a moment.
  constexpr std::string_view kLeft = R"sql(
select coalesce(string_agg(line, E'\n' order by line), '') from (
  select 'session ' || application_name as line from pg_catalog.pg_stat_activity
   where application_name like 'pgbelay%' and application_name not like 'pgbelay-test%'
  union all select 'advisory lock of ' || pid from pg_catalog.pg_locks where locktype = 'advisory'
  union all select 'database ' || datname from pg_catalog.pg_database
   where starts_with(datname, $1::text || '__proof_') or starts_with(datname, $1 || '__rehearsal_')
      or starts_with(datname, $1 || '__probe_') or starts_with(datname, $1 || '__drift_')
      or starts_with(datname, $1 || '__held_')
  union all select 'setting of ' || d.datname || ' ' || s.setconfig::text
    from pg_catalog.pg_db_role_setting s join pg_catalog.pg_database d on d.oid = s.setdatabase
   where (d.datname = $1 or starts_with(d.datname, $1 || '__'))
     and s.setconfig::text like '%default_transaction_read_only%') lines)sql";
  return server().connect().query(kLeft, {database_->name()}).str(0, 0);
}

void GuardedTest::expect_nothing_left_behind() {
  constexpr int kLooks = 100;
  std::string left = left_on_server();
  for (int look = 0; look < kLooks && !left.empty(); ++look) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    left = left_on_server();
  }
  EXPECT_EQ(left, "");
  EXPECT_TRUE(stages().empty()) << stages().front();
}

}  // namespace test
