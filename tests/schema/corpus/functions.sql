-- Functions, procedures, aggregates and window functions.
create schema f; set search_path = f;
create type pair as (x int, y int);
create function nothing() returns void language sql as '';
create function arguments(a int, inout b text, out c int, variadic d numeric[] default '{1,2}') returns record language plpgsql as $body$ begin c := a; b := $x$it's \ $x$; end $body$;
create function defaults(a int default 1 + 1, b text default 'it''s', c date default current_date, d pair default row(1, 2)::f.pair) returns int language sql as 'select 1';
create function attributes() returns int language plpgsql stable strict leakproof security definer parallel restricted cost 7 as 'begin return 1; end';
create function immutable_safe(int) returns int language sql immutable parallel safe as 'select $1';
create function settings() returns int language sql set search_path = f, "Odd, name", pg_temp set work_mem = '5MB' set "DateStyle" = 'ISO, DMY' set my.setting = 'it''s' as 'select 1';
create function set_search_path_empty() returns int language sql set search_path = '' as 'select 1';
create function table_of(a int) returns table (b int, "C c" text) language sql rows 3 as 'select $1, $1::text';
create function set_of() returns setof pair language sql rows 10 as 'select row(1, 2)::f.pair';
create function setof_record() returns setof record language sql as 'select 1, 2';
create function any_type(anyelement, anyarray) returns anyarray language sql as 'select $2';
create function dollar() returns text language sql as $q$select '$$ $_$ $function$ '' \ "' $q$;
create function overloaded(int) returns int language sql as 'select 1'; create function overloaded(text) returns int language sql as 'select 2'; create function overloaded() returns int language sql as 'select 3';
create function "Odd ""name"""("Arg 1" int) returns int language sql as 'select 1';
create function with_supports(a int) returns int language internal immutable strict support generate_series_int4_support as 'int4abs';
create procedure plain_procedure() language sql as 'select 1';
create procedure with_inout(inout a int, b text default 'b') language plpgsql security definer set work_mem = '1MB' as 'begin a := 2; end';
create function window_fn() returns bigint language internal window as 'window_row_number';
create function c_function(cstring) returns int language c strict as '$libdir/plpgsql', 'plpgsql_call_handler';
create function trigger_fn() returns trigger language plpgsql as 'begin return new; end';
create function event_fn() returns event_trigger language plpgsql as 'begin end';
create function array_default(a int[] default array[1, 2]::int[], b text[] default '{"a,b",c}') returns int language sql as 'select 1';
\if :since14
create function sql_body(a int, b varchar default 'x') returns text language sql immutable begin atomic select case when b in ('a', 'b') then 'x'::varchar end; select a::text || 'ü'; end;
create function sql_return(a int) returns int return a + 1;
create procedure sql_procedure(a int, out b int) language sql begin atomic select a; end;
create table body_table (a int, b text);
create function reads_table() returns bigint begin atomic select count(*) from f.body_table where b in ('x', 'y'); end;
create function calls_function() returns bigint return f.reads_table() + f.sql_return(1);
\endif
create table row_table (a int, b text);
create function of_row_type(row_table) returns text language sql immutable as 'select $1.b';
create function set_of_row() returns setof row_table language sql as 'select 1, ''x''';
create index on row_table (of_row_type(row_table));
create function default_in_table(int) returns int language sql as 'select $1';
create table uses_default (a int default f.default_in_table(3), b int generated always as (f.immutable_safe(a)) stored, check (f.immutable_safe(a) > 0));
-- A check that calls a function of the table's own row type: a circle.
create function row_is_good(uses_default) returns boolean language sql immutable as 'select $1.a > 0';
alter table uses_default add constraint good_row check (f.row_is_good(uses_default));

create function add_up(bigint, int) returns bigint language sql immutable as 'select coalesce($1, 0) + coalesce($2, 0)';
create function take_off(bigint, int) returns bigint language sql immutable as 'select coalesce($1, 0) - coalesce($2, 0)';
create function final(bigint) returns text language sql immutable as 'select $1::text';
create function combine(bigint, bigint) returns bigint language sql immutable as 'select $1 + $2';
create aggregate total(int) (sfunc = add_up, stype = bigint, sspace = 100, initcond = '0', finalfunc = final, combinefunc = combine, parallel = safe,
  msfunc = add_up, minvfunc = take_off, mstype = bigint, msspace = 50, minitcond = '5', mfinalfunc = final, mfinalfunc_modify = read_write);
create aggregate middle(float8 order by int) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra, finalfunc_modify = shareable);
create aggregate hypothetical(variadic "any" order by variadic "any") (sfunc = ordered_set_transition_multi, stype = internal, finalfunc = rank_final, finalfunc_extra, hypothetical);
create aggregate star(*) (sfunc = int8inc, stype = int8, initcond = '0');
create aggregate largest(numeric) (sfunc = numeric_larger, stype = numeric, sortop = >);
create aggregate serialised(numeric) (sfunc = numeric_avg_accum, stype = internal, finalfunc = numeric_avg, serialfunc = numeric_avg_serialize, deserialfunc = numeric_avg_deserialize, combinefunc = numeric_avg_combine, parallel = safe);
comment on function arguments(int, text, numeric[]) is 'a function'; comment on procedure plain_procedure() is 'a procedure'; comment on aggregate total(int) is 'an aggregate'; comment on aggregate star(*) is 'all';
alter function nothing() owner to kinds_owner; alter procedure plain_procedure() owner to kinds_owner; alter aggregate total(int) owner to kinds_owner;
revoke execute on function arguments from public; grant execute on function arguments to kinds_reader with grant option; grant execute on procedure with_inout to kinds_reader; grant execute on function total(int) to kinds_reader;
create function leaky() returns int language sql as 'select 1'; alter function leaky() depends on extension plpgsql;
