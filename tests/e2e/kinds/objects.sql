-- Everything that is not a table.
create schema objects;
set search_path = objects, public;

-- Functions and what is made of them.
create function plain(a int default 1, variadic b text[] default '{}', out c int, out d text) language plpgsql stable cost 5 parallel safe
  set search_path = objects, pg_temp set work_mem = '5MB' as $body$
begin
  -- $$ and $_$ and ' and " and \
  c := a; d := $x$it's \. \! touch pwned
\! touch pwned
\.
$x$;
end $body$;
\if :since14
create function sql_body(a int) returns text language sql begin atomic select case when a in (1, 2) then 'x'::varchar else null end; select a::text || 'ü'; end;
\else
create function sql_body(a int) returns text language sql as $$select a::text || 'ü'$$;
\endif
create function rows_of(int) returns table (a int, b text) language sql rows 3 as 'select $1, $1::text';
create function polymorphic(anyelement) returns anyarray language sql as 'select array[$1]';
create procedure do_it(inout a int) language plpgsql as 'begin a := a + 1; end';
create function add_up(bigint, int) returns bigint language sql immutable as 'select coalesce($1, 0) + coalesce($2, 0)';
create function combine(bigint, bigint) returns bigint language sql immutable as 'select $1 + $2';
create aggregate total(int) (sfunc = add_up, stype = bigint, initcond = '0', combinefunc = combine, parallel = safe);
create aggregate middle(float8 order by int) (sfunc = ordered_set_transition, stype = internal, finalfunc = percentile_disc_final, finalfunc_extra);
create type pair as (x int, y int);
create function pair_add(pair, pair) returns pair language sql immutable as 'select row($1.x + $2.x, $1.y + $2.y)::objects.pair';
create function pair_less(pair, pair) returns boolean language sql immutable as 'select $1.x < $2.x';
create function pair_text(pair) returns text language sql immutable as 'select $1.x || '':'' || $1.y';
create operator + (leftarg = pair, rightarg = pair, function = pair_add, commutator = +);
create operator <<< (leftarg = pair, rightarg = pair, function = pair_less, commutator = >>>, restrict = scalarltsel);
create function pair_more(pair, pair) returns boolean language sql immutable as 'select $1.x > $2.x';
create operator >>> (leftarg = pair, rightarg = pair, function = pair_more, commutator = <<<);
create cast (pair as text) with function pair_text(pair) as assignment;
create type weekday as enum ('mon', 'tue');
create cast (weekday as int) with inout;
create operator family pairs using btree;
create operator family pairs_hash using hash;
create operator class int_hash for type int using hash family pairs_hash as operator 1 =, function 1 hashint4(int);
create operator class backwards for type int using btree family pairs as
  operator 1 >, operator 2 >=, operator 3 =, operator 4 <=, operator 5 <, function 1 btint4cmp(int, int);
create collation german (provider = icu, locale = 'de-u-co-phonebk');
create collation ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create collation posix (provider = libc, locale = 'C');
create conversion latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
create text search dictionary words (template = simple, accept = false, stopwords = english);
create text search parser parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype, headline = prsd_headline);
create text search configuration search (parser = parser);
alter text search configuration search add mapping for asciiword, word with words, english_stem;
create type raw;
create function raw_in(cstring) returns raw language internal immutable strict as 'textin';
create function raw_out(raw) returns cstring language internal immutable strict as 'textout';
create type raw (input = raw_in, output = raw_out, like = text, category = 'Z', preferred = false, default = 'it''s');
create table uses (id int primary key, r raw, p pair, w weekday, g text collate german, i text collate ignoring_case unique);
insert into uses values (1, E'raw\t', row(1, 2), 'mon', 'ä', 'CaSe'), (2, '', null, 'tue', 'z', 'other'), (3, null, row(null, null), null, null, null);
create index on uses (id backwards);

-- Views: on views, updatable, with rules, with a key they depend on, in a circle; stale, empty and stacked materialised ones.
create table base (id int primary key, a varchar, b int check (b between 0 and 1000));
insert into base select n, case n % 3 when 0 then 'open' when 1 then 'paid' end, n from generate_series(1, 50) n;
create view simple as select id, a as "odd ""name", b from base where a in ('open', 'paid') and b between 1 and 40 with cascaded check option;
create view on_view with (security_barrier) as select s.*, row_number() over w as n from simple s window w as (partition by b % 3 order by id desc);
create view grouped as select id, a, b, count(*) as c from base group by id;
\if :since15
create view invoking with (security_invoker = true, check_option = local) as select * from base where b > 3;
\else
create view invoking with (check_option = local) as select * from base where b > 3;
\endif
create recursive view counting (n) as values (1) union all select n + 1 from counting where n < 5;
create view renamed as select 1 as one; alter view renamed rename column one to uno; alter view renamed alter uno set default 7;
create view of_values as values (1, 'a'), (2, 'b');
create materialized view fresh as select a, count(*) from on_view join base using (id, b) group by a;
create materialized view on_grouped as select * from grouped where b in (1, 2, 3);
create materialized view stacked as select f.*, g.id from fresh f full join on_grouped g using (a);
create unique index on stacked (id, a);
create materialized view on_stacked with (fillfactor = 50) as select count(*) from stacked;
create materialized view stale as select id from base;
create materialized view unpopulated as select 1 as one with no data;
delete from base where id = 50;
create materialized view nobodys as select id from stale where id > 0 with no data;
create function of_view(grouped) returns int language sql as 'select $1.id';
create view using_itself as select g.id, objects.of_view(g) as f from grouped g;
create rule log as on insert to simple do also insert into uses (id) values (new.id + 1000);
create rule "_instead %" as on delete to of_values do instead nothing;
create table ruled (a int); insert into ruled values (1);
create rule quiet as on update to ruled where old.a = 1 do instead (select 1; select 'it''s');
create rule loud as on update to ruled do notify "it's";
alter table ruled disable rule quiet;

-- Triggers.
create function noted() returns trigger language plpgsql as $$ begin return coalesce(new, old); end $$;
create trigger before_it before insert or update of b on base for each row when (new.a in ('open', 'paid')) execute function noted('it''s', E'\\');
create trigger after_it after update on base referencing old table as o new table as n for each statement execute function noted();
create trigger off before delete on base for each row execute function noted(); alter table base disable trigger off;
create trigger always before delete on base for each row execute function noted(); alter table base enable always trigger always;
create trigger replica before truncate on base execute function noted(); alter table base enable replica trigger replica;
create constraint trigger later after insert on base from tables.tree deferrable initially deferred for each row execute function noted();
create trigger instead instead of insert on on_view for each row execute function noted();
create table parts (a int, b int) partition by range (a); create table parts_1 partition of parts for values from (0) to (10);
create trigger on_parts after insert on parts for each row execute function noted();
alter table parts_1 disable trigger on_parts;
insert into parts values (1, 1);
create function seen() returns event_trigger language plpgsql as 'begin end';
create event trigger watch on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function seen();
create event trigger unwatched on sql_drop execute function seen(); alter event trigger unwatched disable;

-- Foreign data, publications, transforms of privileges.
create foreign data wrapper nothing options (z 'y', a 'it''s');
-- Options in an order that is not that of their names.
create server far type 't' version 'v' foreign data wrapper nothing options ("odd name" 'v\', host 'h', dbname 'd');
create user mapping for kinds_owner server far options ("user" 'u', password 'it''s');
create user mapping for public server far;
create foreign table away (a int options (d 'e', b 'c') not null, t text default 'x' collate "C") server far options (table_name 't', d 'e');
create publication everything for all tables with (publish = 'insert,truncate');
\if :since15
create publication a_few for table base (id, b) where (b in (1, 2)), table types.texts where (id in (1, 2)) with (publish_via_partition_root);
create publication a_schema for tables in schema types;
\else
create publication a_few for table base, types.texts;
\endif
alter publication a_few owner to postgres;
create view uses_foreign as select * from away;

-- Extensions, and what is made of their types.
create schema extensions;
create extension hstore schema extensions; create extension citext schema extensions; create extension pg_trgm schema extensions; create extension btree_gist schema extensions;
comment on extension hstore is 'ours';
set search_path = objects, extensions;
create table extended (id int, h extensions.hstore, c extensions.citext unique, check (c in ('A', 'b', '')), exclude using gist (id with =));
insert into extended values (1, 'a=>1, "b "=>NULL, "=>"=>"\"\\"', 'a'), (2, '', 'B'), (3, null, null);
create index on extended using gin (c extensions.gin_trgm_ops);
create function extensions.own() returns int language sql as 'select 1';
set search_path = objects, public;

-- Owners and privileges.
alter function add_up(bigint, int) owner to kinds_owner;
alter type weekday owner to kinds_owner;
revoke execute on function plain from public;
grant execute on function plain to kinds_reader;
revoke usage on type pair from public;
grant usage on type weekday to kinds_reader with grant option;
grant all on procedure do_it to "kinds %s ""odd"" role";
grant usage on foreign data wrapper nothing to kinds_owner;
grant usage on foreign server far to kinds_reader;
revoke usage on language plpgsql from public;
grant usage on language plpgsql to kinds_owner;
grant select (id), update (b) on base to kinds_reader;
grant select on stale to kinds_reader;
grant create on schema objects to kinds_owner;
revoke all on schema public from public;
alter view simple owner to kinds_owner;
alter materialized view fresh owner to kinds_owner;
alter collation german owner to kinds_owner;
grant select on base, on_view to kinds_owner;

-- Comments on all of them, with all that a comment must not do.
do $do$
declare it text; text constant text := E'it''s % \\ "x"\n\\! touch pwned\n-- /* $$ \\.\n;';
begin
  foreach it in array array['schema objects', 'function objects.plain', 'procedure objects.do_it', 'aggregate objects.total(int)', 'operator objects.+ (objects.pair, objects.pair)',
      'cast (objects.pair as text)', 'operator class objects.backwards using btree', 'operator family objects.pairs using btree', 'collation objects.german',
      'conversion objects.latin', 'text search dictionary objects.words', 'text search parser objects.parser', 'text search configuration objects.search',
      'type objects.raw', 'type objects.pair', 'domain types.code', 'constraint code_check on domain types.code', 'view objects.simple', 'materialized view objects.stale',
      'column objects.simple.b', 'column objects.base.a', 'column objects.pair.x', 'table objects.base', 'constraint base_pkey on objects.base', 'constraint base_b_check on objects.base',
      'index objects.uses_id_idx', 'rule log on objects.simple', 'trigger always on objects.base', 'event trigger watch', 'foreign data wrapper nothing', 'server far',
      'foreign table objects.away', 'publication a_few', 'sequence tables.fresh', 'statistics tables.some_statistics', 'policy own on tables.guarded', 'access method heap_too',
      'extension plpgsql', 'language plpgsql', 'large object 100001'] loop
    execute format('comment on %s is %L', it, text);
  end loop;
end $do$;
