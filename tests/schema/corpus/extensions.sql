-- Extensions: their own schemas, what uses their types, what was changed about them.
create schema e; create schema extensions; set search_path = e, extensions;
create extension hstore schema extensions; create extension citext schema extensions version '1.6'; create extension pg_trgm schema extensions; create extension "uuid-ossp" schema extensions;
comment on extension hstore is 'ours'; comment on extension citext is null;
create table extended (id int primary key, h extensions.hstore default 'a=>1', c extensions.citext unique, check (c in ('A', 'b', '')), u uuid default extensions.uuid_generate_v4());
create index on extended using gin (c extensions.gin_trgm_ops); create index on extended using gist (h); create function extensions.own_in_theirs() returns int language sql as 'select 1'; create view counts as select (extensions.each(h)).key from extended;
revoke execute on function extensions.hstore(text, text) from public; grant execute on function extensions.hstore(text, text) to kinds_reader; grant usage on type extensions.hstore to kinds_reader;
create domain email as extensions.citext check (value ~ '@'); create type holder as (h extensions.hstore); create aggregate joined(extensions.hstore) (sfunc = extensions.hs_concat, stype = extensions.hstore);
-- The index of a key, another index, a trigger, a function and a materialised view that go with an extension.
create table tied (a int primary key, b int); create index tied_b on tied (b);
alter index tied_pkey depends on extension hstore; alter index tied_b depends on extension hstore;
create function tied_noted() returns trigger language plpgsql as 'begin return new; end'; alter function tied_noted() depends on extension hstore;
create trigger tied_trigger before insert on tied for each row execute function tied_noted(); alter trigger tied_trigger on tied depends on extension hstore;
create materialized view tied_view as select a from tied; alter materialized view tied_view depends on extension hstore;
