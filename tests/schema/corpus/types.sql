-- Types: enumerations, domains, composites, ranges, base and shell types, and arrays of all of them.
create schema t; set search_path = t;
create type empty_enum as enum ();
create type state as enum ('new', 'it''s old', 'Ünïcode', '');
alter type state add value 'between' before 'Ünïcode';
alter type state rename value '' to 'was empty';
alter type state owner to kinds_owner;
grant usage on type state to kinds_reader;
revoke usage on type state from public;
comment on type state is 'how it is';

create function is_even(int) returns boolean language sql immutable as 'select $1 % 2 = 0';
create domain even as int constraint evenly check (t.is_even(value)) constraint positive check (value > 0);
create domain small_even as even default 2 not null;
create domain word as varchar(10) collate "C" default 'open' check (value in ('open', 'paid'));
create domain numbers as numeric(10, 2)[] check (array_length(value, 1) < 4);
create domain unvalidated as int;
alter domain unvalidated add constraint large check (value > 100) not valid;
create domain states as state[] not null;
comment on domain word is 'a word';
comment on constraint evenly on domain even is 'by two';
alter domain word owner to kinds_owner;
grant usage on type word to kinds_reader;

create type no_attributes as ();
create type address as (street text collate "C", "zip code" varchar(10), tags text[], s state, w word);
create type nested as (a address, b address[], n numeric(5, 1));
alter type address drop attribute tags;
alter type nested add attribute late int;
comment on type address is 'where';
comment on column address."zip code" is 'of the street';
alter type nested owner to kinds_owner;
grant usage on type nested to public;

create type text_range as range (subtype = text, collation = "C");
create type float_range as range (subtype = float8, subtype_diff = float8mi);
create type by_class as range (subtype = text, subtype_opclass = text_pattern_ops);
create domain whole as int;
create type of_domain as range (subtype = whole);
comment on type text_range is 'from a to z';
alter type float_range owner to kinds_owner;
grant usage on type float_range to kinds_reader;
\if :since14
create type named_multi as range (subtype = numeric, multirange_type_name = "many of them");
create table multi_columns (a "many of them", b int4multirange);
\endif
-- A canonical function needs the range as a shell.
create type stepped;
create function stepped_canonical(stepped) returns stepped language internal immutable strict as 'int4range_canonical';
create type stepped as range (subtype = int4, canonical = stepped_canonical);

create type shell_only;
comment on type shell_only is 'nothing in it yet';
alter type shell_only owner to kinds_owner;
create function takes_shell(shell_only) returns int language internal strict as 'int4abs';

create type raw;
create function raw_in(cstring) returns raw language internal immutable strict as 'textin';
create function raw_out(raw) returns cstring language internal immutable strict as 'textout';
create function raw_recv(internal) returns raw language internal stable strict as 'textrecv';
create function raw_send(raw) returns bytea language internal stable strict as 'textsend';
create type raw (input = raw_in, output = raw_out, receive = raw_recv, send = raw_send, internallength = variable,
                 alignment = int4, storage = extended, category = 'Z', preferred = true, default = 'it''s', collatable = true, delimiter = ';');
comment on type raw is 'bytes as they are';
alter type raw owner to kinds_owner;
create type fixed;
create function fixed_in(cstring) returns fixed language internal immutable strict as 'int8in';
create function fixed_out(fixed) returns cstring language internal immutable strict as 'int8out';
create type fixed (input = fixed_in, output = fixed_out, like = int8);
create domain over_base as raw check (value is not null);

create table uses (id int primary key, e state default 'new', es state[], d even, sd small_even, w word default 'paid', ws word[], n numbers,
                   a address, ads address[], ne nested, tr text_range, fr float_range[], st stepped, r raw, rs raw[], f fixed, o over_base, x of_domain, ss states);
create index on uses (e) where e in ('new', 'it''s old');
create domain needed as int constraint is_needed not null;
\if :since17
comment on constraint is_needed on domain needed is 'needed';
\endif
-- Privileges of a row type.
create table with_row_type (a int); grant usage on type with_row_type to kinds_reader; revoke usage on type with_row_type from public;
