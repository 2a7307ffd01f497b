-- Data set "mixed". At scale 1: 8.1 million rows, 1.7 GB in PostgreSQL, 1.1 GB of COPY text.
-- psql -v scale=0.1 -f data.sql: the same, ten times smaller. The same seed gives the same rows.
\set ON_ERROR_STOP on
set client_min_messages = warning;
set synchronous_commit = off;
set maintenance_work_mem = '256MB';
select setseed(0.42) \g /dev/null

-- 6 million short rows that compress extremely well: those of pgbench at scale 60.
create table accounts (aid int not null, bid int, abalance int, filler char(84));
insert into accounts
  select n, 1 + (n - 1) / 100000, 0, ''
    from generate_series(1, (6000000 * :scale)::int) n;
alter table accounts add primary key (aid);

-- 2 million rows as applications log them: text that has to be escaped, and jsonb with random parts.
create table events (
  id bigserial primary key,
  at timestamptz not null,
  member int not null,
  kind text not null,
  body jsonb not null,
  note text);
insert into events (at, member, kind, body, note)
  select timestamptz '2024-01-01 00:00+00' + n * interval '17 seconds' + random() * interval '16 seconds',
         1 + (random() * 99999 * :scale)::int,
         (array['login', 'logout', 'post', 'comment', 'like', 'purchase', 'refund'])[1 + (random() * 6)::int],
         jsonb_build_object(
           'ip', (random() * 255)::int || '.' || (random() * 255)::int || '.' || (random() * 255)::int || '.1',
           'token', md5(random()::text),
           'tags', jsonb_build_array('tag' || (random() * 50)::int, 'group' || (random() * 500)::int),
           'amount', round((random() * 1000)::numeric, 2)),
         case n % 4
           when 0 then null
           when 1 then 'seen ' || n
           when 2 then E'first\tsecond, "third" and\tthe rest ' || md5(n::text)
           else 'a longer remark, without anything special, about event ' || n
         end
    from generate_series(1, (2000000 * :scale)::int) n;
create index events_member_at on events (member, at);
create index events_body on events using gin (body);

create table community_members (
  id bigserial primary key,
  name text not null,
  email text not null unique,
  joined timestamptz not null,
  about text);
insert into community_members (name, email, joined, about)
  select 'Member ' || md5(n::text), 'member' || n || '@example.org',
         timestamptz '2020-01-01 00:00+00' + random() * interval '5 years',
         case n % 3 when 0 then null when 1 then '' else repeat('about the member; ', n % 9) end
    from generate_series(1, (100000 * :scale)::int) n;

-- Arrays of 384 random floats: hardly anything to compress. (n * 0: new ones for each row.)
create table member_embeddings (member_id bigint primary key references community_members, embedding float4[] not null);
insert into member_embeddings
  select n, (select array_agg((random() * 2 - 1 + k * n * 0)::float4) from generate_series(1, 384) k)
    from generate_series(1, (30000 * :scale)::int) n;

-- Hint bits are set and statistics made once, so that every reader finds the same.
vacuum (freeze, analyze);
checkpoint;
\pset tuples_only on
\pset format unaligned
select 'data: ' || pg_size_pretty(pg_database_size(current_database())) || ' in PostgreSQL, '
       || (select sum(reltuples)::bigint from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace) || ' rows';
