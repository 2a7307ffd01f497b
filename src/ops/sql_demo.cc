#include "ops/sql_demo.h"

#include "util/text.h"

namespace ops {
namespace {

constexpr std::string_view kTables = R"sql(
create type order_state as enum ('open', 'paid', 'shipped');
create domain email_address as text check (value like '%@%');
create table members (
  id bigserial primary key,
  name text not null,
  email email_address unique,
  phone text,
  joined timestamptz not null,
  about text,
  name_length int generated always as (length(name)) stored);
create table member_embeddings (
  member_id bigint primary key references members,
  embedding float4[] not null);
create table events (
  id bigserial primary key,
  member_id bigint not null references members,
  happened timestamptz not null,
  kind text not null,
  body jsonb not null,
  note text);
create table orders (
  id bigserial primary key,
  member_id bigint not null references members,
  state order_state not null default 'open',
  total numeric(10, 2) not null check (total >= 0),
  placed date not null);
create table visits (member_id bigint not null, day date not null, pages int not null) partition by range (day);
create table visits_2024 partition of visits for values from ('2024-01-01') to ('2025-01-01');
create table visits_2025 partition of visits for values from ('2025-01-01') to ('2026-01-01');
create table visits_later partition of visits default;
create table audit_log (id bigserial primary key, what text not null, at timestamptz not null default now());
create function note_order() returns trigger language plpgsql as $$
begin
  insert into audit_log (what) values (format('order %s is %s', new.id, new.state));
  return new;
end $$;
create view open_orders as
  select o.id, m.name, o.total from orders o join members m on m.id = o.member_id where o.state = 'open';
create materialized view member_totals as
  select member_id, count(*) as orders, sum(total) as total from orders group by member_id with no data;
)sql";

constexpr std::string_view kRows = R"sql(
insert into members (name, email, phone, joined, about)
  select 'Member ' || n, 'member' || n || '@example.org', case when n % 7 = 0 then null else '+49 ' || n end,
         timestamptz '2020-01-01 00:00+00' + n * interval '7 minutes',
         case n % 5 when 0 then null when 1 then '' when 2 then E'tab\tand "quotes", commas\nand lines' else repeat('about ', n % 20) end
    from generate_series(1, {members}) n;
insert into member_embeddings
  select n, (select array_agg((sin(n * 31.0 + k) * 1000)::float4) from generate_series(1, 384) k)
    from generate_series(1, {members}, 20) n;
insert into events (member_id, happened, kind, body, note)
  select 1 + n % {members}, timestamptz '2024-01-01 00:00+00' + n * interval '90 seconds',
         (array['login', 'post', 'like', 'logout'])[1 + n % 4],
         jsonb_build_object('ip', format('10.%s.%s.%s', n % 200, n % 99, n % 250), 'n', n, 'tags', jsonb_build_array('a', n % 10)),
         case when n % 3 = 0 then null else 'note ' || n end
    from generate_series(1, {members} * 2) n;
insert into orders (member_id, state, total, placed)
  select 1 + (n * 13) % {members}, (array['open', 'paid', 'shipped'])[1 + n % 3]::order_state, (n % 5000) / 10.0,
         date '2024-01-01' + (n % 900)::int
    from generate_series(1, {members} / 2) n;
insert into visits select 1 + n % {members}, date '2024-01-01' + (n % 1000)::int, n % 40 from generate_series(1, {members}) n;
create index on events (member_id, happened);
create index on events using gin (body);
create index on orders (member_id) where state = 'open';
create trigger note_order after update on orders for each row execute function note_order();
refresh materialized view member_totals;
select lo_from_bytea(0, decode(repeat(md5(n::text), 2000), 'hex')) from generate_series(1, 5) n;
comment on table members is 'the people';
)sql";

}  // namespace

std::string demo_schema(std::uint64_t members) {
  return util::cat(kTables, util::replace_all(std::string(kRows), "{members}", util::cat(members)));
}

const std::string_view kGoodMigration = R"sql(-- Quotas for members.
ALTER TABLE members ADD COLUMN quota integer NOT NULL DEFAULT 100;
UPDATE members SET quota = 500 WHERE id % 10 = 0;
CREATE INDEX members_quota ON members (quota);
)sql";

const std::string_view kHeavyMigration = R"sql(-- Harmless to look at.
ALTER TABLE events ALTER COLUMN note TYPE varchar(200);
)sql";

const std::string_view kBadMigration = R"sql(-- Each statement commits by itself, as psql does it.
ALTER TABLE members DROP COLUMN email CASCADE;
UPDATE orders SET total = total * 1.19 WHERE state = 'open';
DELETE FROM events WHERE kind = 'like';
UPDATE orders SET "limit" = 10;
)sql";

const std::string_view kSlowMigration = R"sql(ALTER TABLE members DROP COLUMN name CASCADE;
SELECT pg_sleep(120);
)sql";

}  // namespace ops
