-- Foreign data wrappers, servers, user mappings, foreign tables.
create schema w; set search_path = w;
create extension file_fdw;
create foreign data wrapper nothing options (a 'it''s', "Odd name" 'v\');
create foreign data wrapper validated validator postgresql_fdw_validator;
create function own_handler() returns fdw_handler language c as '$libdir/file_fdw', 'file_fdw_handler';
create foreign data wrapper handled handler own_handler no validator;
create server far type 'a type' version '1.2' foreign data wrapper nothing options ("odd name" 'v''\', plain 'x'); create server bare foreign data wrapper nothing; create server checked foreign data wrapper validated options (host 'h', dbname 'd');
create server files foreign data wrapper file_fdw;
create user mapping for kinds_owner server far options (password 'it''s', "User" 'u'); create user mapping for public server far; create user mapping for current_user server bare options (x 'y'); create user mapping for kinds_reader server checked options (user 'x');
create foreign table away (a int options (column_name 'b''c', "Odd" 'o') not null default 5, t text collate "C" default 'x', g int generated always as (a * 2) stored, gone int, check (a > 0)) server far options (d 'e', "Table Name" 'it''s');
alter foreign table away drop column gone, alter t set statistics 7, alter t set storage external, alter a set (n_distinct = 5);
create foreign table of_file (line text) server files options (filename '/dev/null');
create table parent (a int, b text); create foreign table away_child () inherits (parent) server far; create foreign table away_child_more (c int) inherits (parent) server far options (x 'y');
create table parts (a int, b text) partition by list (a); create foreign table parts_far partition of parts for values in (1) server far options (p 'q'); create foreign table parts_attached (b text, a int) server far; alter table parts attach partition parts_attached for values in (2);
create function noted() returns trigger language plpgsql as 'begin return new; end'; create trigger on_away before insert on away for each row execute function noted();
create view on_away as select * from away;
comment on foreign data wrapper nothing is 'a wrapper'; comment on server far is 'a server'; comment on foreign table away is 'a foreign table'; comment on column away.a is 'a column';
alter server far owner to kinds_owner; alter foreign table of_file owner to kinds_owner; grant usage on foreign data wrapper nothing to kinds_owner with grant option; grant usage on foreign server far to kinds_reader; grant select on away to kinds_reader; grant select (line) on of_file to kinds_reader;
