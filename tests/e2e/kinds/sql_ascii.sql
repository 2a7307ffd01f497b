-- In a database whose encoding is SQL_ASCII: bytes that are no text in any encoding, in rows and in names.
create schema raw; set search_path = raw; drop schema public;  -- S12
create table bytes (id int primary key, t text, v varchar(4));
insert into bytes values (1, E'\xff\xfe\x80', E'\xe9'), (2, E'\xc3\xa9', E'\xc3\xa9'), (3, E'a\xc3', E'\xed\xa0\x80'), (4, E'\\N\t\xa0\n', ''), (5, null, null);
insert into bytes select 1000 + n, set_byte('\x41', 0, n)::bytea::text from generate_series(1, 255) n;
do $do$
begin
  execute format('create table %I (%I text default %L, %I int)', E'caf\xe9', E'\xe9\xff', E'\xfe', E'\xc3\xa9');
  execute format('insert into %I values (%L, 1), (default, 2)', E'caf\xe9', E'\xf0\x9f');
  execute format('create view %I as select %L::text as x from %I', E'\x80', E'\xff', E'caf\xe9');
  execute format('comment on table bytes is %L', E'it''s \xff');
  execute format('create type strange as enum (%L, %L)', E'\xff', E'\xc3\xa9');
end $do$;
create table strange_rows (s strange);
insert into strange_rows select unnest(enum_range(null::strange));
