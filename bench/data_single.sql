-- Data set "single": one table that dominates. At scale 1: 8 million rows, about 1.2 GB in
-- PostgreSQL with its indexes. psql -v scale=0.1 -f data_single.sql makes it ten times smaller.
\set ON_ERROR_STOP on
set client_min_messages = warning;
set synchronous_commit = off;
set maintenance_work_mem = '256MB';
select setseed(0.42) \g /dev/null

create table ledger (
  id bigint not null,
  account int not null,
  at timestamptz not null,
  amount numeric(12, 2) not null,
  memo text);
insert into ledger
  select n, (random() * 100000)::int, timestamptz '2024-01-01 00:00+00' + n * interval '3 seconds',
         round((random() * 10000)::numeric, 2), case n % 3 when 0 then null else 'entry ' || md5(n::text) end
    from generate_series(1, (8000000 * :scale)::int) n;
alter table ledger add primary key (id);
create index ledger_account_at on ledger (account, at);

create table accounts (id int primary key, name text not null);
insert into accounts select n, 'account ' || n from generate_series(0, 100000) n;

vacuum (freeze, analyze);
checkpoint;
