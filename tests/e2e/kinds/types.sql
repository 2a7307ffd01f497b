-- Values of every kind of type, at their limits.
create schema types;
set search_path = types, public;

create type mood as enum ('', 'happy', 'so so', 'it''s "bad"', E'tab\there', 'über');
create type address as (street text, "zip code" int, tags text[]);
create domain positive as int check (value > 0);
create domain code as varchar(20) not null default 'paid' check (value in ('open', 'paid', ''));
create domain addresses as address[] check (array_length(value, 1) < 5);
create type text_range as range (subtype = text, collation = "C");
\if :since14
create type span as range (subtype = float8, subtype_diff = float8mi, multirange_type_name = spans);
\else
create type span as range (subtype = float8, subtype_diff = float8mi);
\endif

create table numbers (id int primary key, s smallint, i int, b bigint, n numeric, n2 numeric(20, 5), neg numeric(6),
                      f4 float4, f8 float8, m money, bool boolean, o oid);
\if :since15
alter table numbers alter neg type numeric(4, -2);
\endif
insert into numbers values
  (1, 32767, 2147483647, 9223372036854775807, 'NaN', 123456789012345.67891, 123456, 'NaN', 'NaN', 92233720368547758.07, true, 4294967295),
  (2, -32768, -2147483648, -9223372036854775808, '-0.000', -0.00001, -12345, 'Infinity', '-Infinity', -92233720368547758.08, false, 0),
  (3, 0, 0, 0, '-1e-30', 'NaN', 0, '-0', '-0', 0, null, 1),
  (4, null, null, null, null, null, null, null, null, null, null, null),
  (5, 1, 1, 1, ('1' || repeat('0', 1000) || '.' || repeat('7', 1000))::numeric, 0.1, 1, 1e-45, 5e-324, 0.01, true, 1),
  (6, 1, 1, 1, 0.000, 1.10000, 100, 3.4028235e38, 1.7976931348623157e308, 1.5, true, 1),
  (7, 1, 1, 1, 1.0, 1.10000, 100, 0.1, 0.1, 1.5, true, 1);

\if :since14
insert into numbers (id, n) values (90, 'Infinity'), (91, '-Infinity');
\endif

create table texts (id int primary key, t text, c char(5), v varchar(10), one "char", n name, x xml, j json, jb jsonb, p jsonpath);
insert into texts values
  (1, '', '', '', '', '', '', '{}', '{}', '$'),
  (2, null, null, null, null, null, null, null, null, null),
  (3, '\N', '\N', '\N', '\', '\N', '<a b="&lt;">\N</a>', '"\\N"', '"\\N"', '$."a b"[*] ? (@ > 1)'),
  (4, '\.', '\.', '\.', 'x', '\.', '<a/><b/>', ' { "b":1, "a" : [1,  2,null], "b":2 } ', '{"b": 1, "a": [1, 2, null], "c": "\u00fc\n\\"}', 'strict $.a'),
  (5, E'a\tb\nc\rd\be\ff\vg\\h"i''j,k;l\x01\x7f', ' a ', ' a ', 'a', ' a ', '<!-- - --><a>é</a>', 'null', 'null', '$'),
  (6, E'\\! touch pwned\n\\! touch pwned\n\\.\n\\! touch pwned\n', E'\\!', E'\\! x', 'a', '\!', null, '[]', '[]', '$'),
  (7, 'NULL', 'NULL', 'NULL', 'N', 'NULL', 'NULL', '"NULL"', '1e400', '$'),
  (8, 'žluťoučký 日本語 🐘 ' || chr(1114111) || chr(65279), 'ž本🐘é!', '日本', 'a', 'ü', '<ü/>', '"🐘"', '"🐘"', '$'),
  (9, ' ', ' ', '   ', ' ', ' ', ' ', '1', '1', '$'),
  (10, E'\n', E'\n', E'\n', E'\n', E'\n', E'\n', E'\n1\n', E'\n1\n', '$'),
  (11, E'line\r\nline\r\n', E'\r', E'\r\n', E'\r', E'\r', '<a>&#13;</a>', E'"\\r"', E'"\\r"', '$'),
  (12, '"', '"', '"', '"', '"', '"', '"\""', '"\""', '$'), (13, '""', '",', ',', ',', ',', ',', '[","]', '[","]', '$'),
  (14, repeat('compressed ', 200000), 'x', 'x', 'x', repeat('n', 63), null, null, null, null);

create table times (id int primary key, d date, t time, tz timetz, ts timestamp, tsz timestamptz, i interval, ts0 timestamp(0));
insert into times values
  (1, '4713-01-01 BC', '00:00', '00:00+15:59', '4713-01-01 00:00:00 BC', '4713-01-01 00:00:00+00 BC', '178000000 years', '0001-01-01 BC'),
  (2, '5874897-12-31', '24:00', '24:00-15:59', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999999+00', '-178000000 years', '1999-12-31 23:59:59.7'),
  (3, '4000-06-01 BC', '23:59:59.999999', '12:00+05:30', '4000-06-01 12:00 BC', '4000-06-01 12:00+00 BC', '1 year -2 mons +3 days -04:05:06.789', null),
  (4, '200000-05-05', '12:34:56.000001', '12:34:56.5-03', '200000-05-05 05:05', '200000-05-05 05:05+00', '-0.000001 s', null),
  (5, 'infinity', null, null, 'infinity', 'infinity', '0', 'infinity'),
  (6, '-infinity', null, null, '-infinity', '-infinity', '1 mon -1 day', '-infinity'),
  (7, '2000-02-29', '00:00:00.1', '00:00+00', '1582-10-10', '1883-11-18 12:03:58+00', '-1 days +23:59:59.999999', '2038-01-19 03:14:08'),
  (8, null, null, null, null, null, null, null);

create table bytes (id int primary key, b bytea, bits bit(3), vb bit varying, u uuid, t tsvector, q tsquery, inet inet, cidr cidr,
                    mac macaddr, mac8 macaddr8, lsn pg_lsn, xid xid8, snap pg_snapshot);
insert into bytes values
  (1, '', '000', '', '00000000-0000-0000-0000-000000000000', '', '', '::1', '::/0', '00:00:00:00:00:00', '00:00:00:00:00:00:00:00', '0/0', '0', '10:10:'),
  (2, (select string_agg(set_byte('\x00', 0, n), '' order by n) from generate_series(0, 255) n), '101', B'1111000011110000111',
   'ffffffff-ffff-ffff-ffff-ffffffffffff', '''a b'':1A,2B ''it''''s'':3 \\:4', '(''a b'':*A | !c) <2> d', '10.1.2.3/8', '10.0.0.0/8',
   'ff:ff:ff:ff:ff:ff', 'ff:ff:ff:ff:ff:ff:ff:ff', 'FFFFFFFF/FFFFFFFF', '18446744073709551615', '10:20:11,15'),
  (3, null, null, null, null, null, null, null, null, null, null, null, null, null),
  (4, convert_to(E'\\x41\\N\\.\n', 'UTF8'), '111', B'0', gen_random_uuid(), to_tsvector('english', 'the fat cats'), 'a & b', '192.168.0.1', '192.168.0.1/32',
   '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', '16/B374D848', '7', '10:10:');

create table shapes (id int primary key, p point, l line, s lseg, b box, pa path, po polygon, c circle);
insert into shapes values
  (1, '(1.5,-2)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(1,0))', '<(0,0),1>'),
  (2, '(Infinity,NaN)', '{-1,0,1e-300}', '[(0,0),(0,0)]', '(1e300,1),(-1e300,0)', '((0,0),(1,1))', '((0,0))', '<(1,1),0>'),
  (3, null, null, null, null, null, null, null);

create table arrays (id int primary key, i int[], t text[], deep int[][][], odd int[], f float8[], m mood[], a address[], j jsonb[], b bytea[], d positive[]);
insert into arrays values
  (1, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}'),
  (2, '{NULL}', '{NULL,"NULL",null,"null"}', '{{{1,2},{3,NULL}},{{5,6},{7,8}}}', '[-2:0]={1,2,3}', '{NaN,Infinity,-0,1e-310}', '{"",happy,"it''s \"bad\""}',
   array[row('a "b", \c', 1, '{x,"y z",NULL}')::address, null], array['{"a": "b\"c"}', 'null']::jsonb[], array['\x00ff', '\x']::bytea[], '{1,2}'),
  (3, null, array['', ' ', '{', '}', ',', '"', '\', E'\n', E'\t', '\N', '\.', 'ü'], null, '[0:1][5:6]={{1,2},{3,4}}', null, null, null, null, null, null);

create table ranges (id int primary key, i int4range, n numrange, d daterange, ts tstzrange, tx text_range, sp span, rs int8range[]);
insert into ranges values
  (1, 'empty', '(,)', '[infinity,infinity]', '[4713-01-01 BC,infinity)', '["a b","c""")', '[0.1,0.2)', '{}'),
  (2, '[1,10)', '[1.10,NaN]', '(,2000-01-01]', '(2000-01-01 00:00:00.000001+00,]', '["\\,","]"]', '(-Infinity,NaN]', array['[1,2)', null, 'empty']::int8range[]),
  (3, null, null, null, null, null, null, null);
\if :since14
alter table ranges add im int4multirange, add sm spans;
update ranges set im = '{[1,3),[5,7)}', sm = '{(,0.5),[1,1]}' where id = 2;
update ranges set im = '{}', sm = '{}' where id = 1;
\endif

create table composites (id int primary key, a address, c code, p positive, m mood, l addresses, r texts, ra numbers[]);
insert into composites values
  (1, row('', null, '{}'), '', 1, '', null, null, '{}'),
  (2, row(null, null, null), 'open', 2147483647, E'tab\there', array[row('ü', -1, null)::address], (select w from texts w where id = 5), (select array_agg(w order by id) from numbers w)),
  (3, null, 'paid', null, null, null, null, null);

create table names_of_objects (id int primary key, c regclass, p regproc, pr regprocedure, t regtype, o regoper, op regoperator, r regrole, n regnamespace, cfg regconfig, coll regcollation);
insert into names_of_objects values
  (1, 'types.texts', 'now', 'abs(int)', 'types.mood[]', '||/', '+(int,int)', 'kinds_owner', 'types', 'english', '"C"'),
  (2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0), (3, null, null, null, null, null, null, null, null, null, null);

-- Columns have a compression since 14, and lz4 where the server was built with it.
create table stored (id int primary key, plain text, packed text, main text);
select exists (select from pg_settings where name = 'default_toast_compression' and 'lz4' = any (enumvals)) as has_lz4 \gset
\if :has_lz4
alter table stored alter packed set compression lz4;
\endif
alter table stored alter plain set storage external, alter main set storage main, alter packed set storage extended;
insert into stored select n, repeat(md5(n::text), 500), repeat('p' || n, 5000), repeat('m', n * 100) from generate_series(1, 20) n;

-- More than one piece of a read by chunks.
create table many (id bigint, filler text, at timestamptz default '2001-02-03 04:05:06.789+00');
insert into many (id, filler) select n, case n % 3 when 0 then null when 1 then '' else repeat('x', (n % 97)::int) end from generate_series(1, 30000) n;
delete from many where id % 1000 < 300;
alter table many add primary key (id);
