-- Operators, classes, families, casts, transforms, conversions, collations, access methods and languages.
create schema o; set search_path = o;
create type pair as (x int, y int);
create function pair_add(pair, pair) returns pair language sql immutable as 'select row($1.x + $2.x, $1.y + $2.y)::o.pair';
create function pair_cmp(pair, pair) returns int language sql immutable as 'select btint4cmp($1.x, $2.x)';
create function lt(pair, pair) returns boolean language sql immutable as 'select o.pair_cmp($1, $2) < 0';
create function le(pair, pair) returns boolean language sql immutable as 'select o.pair_cmp($1, $2) <= 0';
create function eq(pair, pair) returns boolean language sql immutable as 'select o.pair_cmp($1, $2) = 0';
create function ge(pair, pair) returns boolean language sql immutable as 'select o.pair_cmp($1, $2) >= 0';
create function gt(pair, pair) returns boolean language sql immutable as 'select o.pair_cmp($1, $2) > 0';
create function neg(pair) returns pair language sql immutable as 'select row(-$1.x, -$1.y)::o.pair';
create function pair_hash(pair) returns int language sql immutable as 'select $1.x';
create operator + (leftarg = pair, rightarg = pair, function = pair_add, commutator = +);
create operator <# (leftarg = pair, rightarg = pair, function = lt, commutator = >#, negator = >=#, restrict = scalarltsel, join = scalarltjoinsel);
create operator <=# (leftarg = pair, rightarg = pair, function = le, commutator = >=#, negator = >#);
create operator =# (leftarg = pair, rightarg = pair, function = eq, commutator = =#, hashes, merges, restrict = eqsel, join = eqjoinsel);
create operator >=# (leftarg = pair, rightarg = pair, function = ge, commutator = <=#, negator = <#);
create operator ># (leftarg = pair, rightarg = pair, function = gt, commutator = <#, negator = <=#);
create operator - (rightarg = pair, function = neg);
create operator @#@ (rightarg = int, function = int4um);
comment on operator + (pair, pair) is 'adds'; comment on operator - (none, pair) is 'prefix'; alter operator + (pair, pair) owner to kinds_owner;
create operator family pairs using btree;
create operator family no_class using hash;
create operator class pair_ops default for type pair using btree family pairs as operator 1 <#, operator 2 <=#, operator 3 =#, operator 4 >=#, operator 5 >#, function 1 pair_cmp(pair, pair);
create operator class pair_hash_ops default for type pair using hash as operator 1 =#, function 1 pair_hash(pair);
create operator class backwards for type int using btree as operator 1 > , operator 2 >=, operator 3 =, operator 4 <=, operator 5 <, function 1 btint4cmp(int, int);
create operator class with_storage for type text using gist as storage text, operator 1 = , function 1 gist_box_same(box, box, internal), function 2 gist_box_union(internal, internal), function 3 gist_box_same(box, box, internal),
  function 5 gist_box_penalty(internal, internal, internal), function 6 gist_box_picksplit(internal, internal), function 7 gist_box_same(box, box, internal);
create function pair_int_cmp(pair, int) returns int language sql immutable as 'select btint4cmp($1.x, $2)';
create function lt_int(pair, int) returns boolean language sql immutable as 'select $1.x < $2';
create operator <# (leftarg = pair, rightarg = int, function = lt_int);
alter operator family pairs using btree add operator 1 <# (pair, int), function 1 (pair, int) pair_int_cmp(pair, int);
create operator class point_near for type point using gist as operator 1 <<, operator 15 <-> (point, point) for order by float_ops, function 1 gist_point_consistent(internal, point, smallint, oid, internal),
  function 2 gist_box_union(internal, internal), function 5 gist_box_penalty(internal, internal, internal), function 6 gist_box_picksplit(internal, internal), function 7 gist_box_same(box, box, internal), function 8 gist_point_distance(internal, point, smallint, oid, internal), storage box;
comment on operator class pair_ops using btree is 'a class'; comment on operator family pairs using btree is 'a family'; alter operator class pair_ops using btree owner to kinds_owner; alter operator family no_class using hash owner to kinds_owner;
create table uses (p pair, n int, t text); create index on uses (p); create index on uses using hash (p); create index on uses (n backwards desc); create unique index on uses (t text_pattern_ops) where p <# row(1, 2)::pair;
create type ordered as range (subtype = pair, subtype_opclass = pair_ops);

create function pair_text(pair) returns text language sql immutable as 'select $1.x || '':'' || $1.y';
create function pair_int(pair) returns int language sql immutable as 'select $1.x';
create type weekday as enum ('mon', 'tue');
create domain small as int;
create cast (pair as text) with function pair_text(pair) as assignment;
create cast (pair as int) with function pair_int(pair);
create cast (weekday as int) with inout as implicit;
create cast (xml as bytea) without function;
comment on cast (pair as text) is 'a cast'; comment on cast (xml as bytea) is 'binary';

create conversion latin for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8; create default conversion latin_default for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
comment on conversion latin is 'a conversion'; alter conversion latin owner to kinds_owner;

create collation german (provider = icu, locale = 'de-u-co-phonebk');
create collation ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create collation posix (provider = libc, locale = 'C'); create collation two_parts (provider = libc, lc_collate = 'C', lc_ctype = 'POSIX');
create collation copied from "C";
comment on collation german is 'a collation'; alter collation german owner to kinds_owner;
create table collated (a text collate german primary key, b text collate ignoring_case, c text); create index on collated (c collate posix); create index on collated ((b || a) collate "C");
\if :since16
create collation ruled (provider = icu, locale = 'und', rules = '&V << w <<< W');
\endif
\if :since17
create collation builtin_utf8 (provider = builtin, locale = 'C.UTF-8');
\endif

create access method hash_too type index handler hashhandler; comment on access method hash_too is 'the same again';
create operator family too_family using hash_too;
create function own_handler() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler';
create function own_inline(internal) returns void language c strict as '$libdir/plpgsql', 'plpgsql_inline_handler';
create function own_validator(oid) returns void language c strict as '$libdir/plpgsql', 'plpgsql_validator';
create trusted language own_pl handler own_handler inline own_inline validator own_validator; create language bare_pl handler own_handler;
comment on language own_pl is 'a language'; alter language own_pl owner to kinds_owner; revoke usage on language own_pl from public; grant usage on language own_pl to kinds_reader;
create function in_own() returns int language own_pl as 'begin return 1; end';
create function from_sql(internal) returns internal language internal immutable strict as 'prsd_lextype';
create function to_sql(internal) returns pair language internal immutable strict as 'int4recv';
create transform for pair language own_pl (from sql with function from_sql(internal), to sql with function to_sql(internal));
create transform for weekday language own_pl (from sql with function from_sql(internal));
create function transforms(pair) returns int language own_pl transform for type pair as 'begin return 1; end';
comment on transform for pair language own_pl is 'a transform';
