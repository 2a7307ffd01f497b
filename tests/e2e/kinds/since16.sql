-- What PostgreSQL 16 brought.
create schema v16;
create table v16.stored (id int primary key, t text storage external, j jsonb);
insert into v16.stored values (1, repeat('y', 3000), '{"a": 1}');
create collation v16.ruled (provider = icu, locale = 'und', rules = '&V << w <<< W');
create table v16.words (w text collate v16.ruled);
insert into v16.words values ('wa'), ('va'), ('Wa');
create index on v16.words (w);
create view v16.constructed as select json_object('id' value id, 'j' value j) as o, j is json object as is_object from v16.stored;
create type v16.state as enum ('new', 'old');
create table v16.states (s v16.state, u uuid default gen_random_uuid(), h int default 0x1F, o int default 1_000);
insert into v16.states values ('new', '00000000-0000-0000-0000-000000000001'), ('old', null);
