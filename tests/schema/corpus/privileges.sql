-- Privileges: grantors, grant options, columns, defaults, what was withdrawn, and those of system objects.
create schema a authorization kinds_owner; set search_path = a;
grant create, usage on schema a to kinds_reader;
create table t (id int, b text, c int); alter table t owner to kinds_owner;
set role kinds_owner; grant select, insert on t to kinds_reader with grant option; grant update (b), references (c) on t to "kinds %s ""odd"" role"; grant select (id) on t to public; reset role;
set role kinds_reader; grant select on a.t to "kinds %s ""odd"" role"; reset role;
create table withdrawn (a int); revoke all on withdrawn from postgres; create table owner_lost (a int); alter table owner_lost owner to kinds_owner; revoke insert, trigger on owner_lost from kinds_owner; create table given_back (a int); grant select on given_back to kinds_reader; revoke select on given_back from kinds_reader;
create table column_options (a int, b int); grant select (a), insert (a, b) on column_options to kinds_reader with grant option; grant all on column_options to kinds_owner; grant all (b) on column_options to public;
create function fn() returns int language sql as 'select 1'; revoke all on function fn() from public; grant execute on function fn() to kinds_reader with grant option; create function closed() returns int language sql as 'select 1'; revoke all on function closed() from public, postgres;
create type ty as enum ('a'); revoke usage on type ty from public; grant usage on type ty to kinds_reader; create domain dom as int; revoke usage on domain dom from public;
create sequence sq; grant usage, select on sequence sq to kinds_reader with grant option; create view vw as select 1 as one; grant select on vw to public;
alter default privileges for role kinds_owner grant select on tables to kinds_reader; alter default privileges for role kinds_owner in schema a grant all on tables to "kinds %s ""odd"" role" with grant option; alter default privileges for role kinds_owner revoke execute on functions from public; alter default privileges for role kinds_owner revoke usage on types from public;
alter default privileges for role kinds_owner in schema a grant usage on sequences to kinds_reader; alter default privileges for role kinds_owner in schema a grant execute on functions to kinds_reader; alter default privileges for role kinds_owner grant usage on schemas to kinds_reader; alter default privileges for role kinds_reader revoke all on tables from kinds_reader;
revoke execute on function pg_catalog.pg_sleep(double precision) from public; grant execute on function pg_catalog.pg_sleep(double precision) to kinds_reader; grant select on pg_catalog.pg_authid to kinds_reader; revoke select on pg_catalog.pg_settings from public; grant select (rolname) on pg_catalog.pg_authid to kinds_owner; revoke usage on language sql from public; grant usage on language plpgsql to kinds_reader;
\if :since17
grant maintain on t to kinds_reader; alter default privileges for role kinds_owner grant maintain on tables to kinds_reader;
\endif
\if :since18
alter default privileges for role kinds_owner grant select on large objects to kinds_reader;
\endif
-- A chain of grantors that is not in the order of their names.
create table chained (a int, b int); grant select, update, delete on chained to kinds_reader with grant option;
set role kinds_reader; grant select, update on a.chained to kinds_owner with grant option; reset role;
set role kinds_owner; grant select on a.chained to "kinds %s ""odd"" role" with grant option; grant update (b) on a.chained to public; reset role;
