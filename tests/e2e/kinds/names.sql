-- Names of every kind. `touch pwned` must never run.
create schema "it's ""odd"" 50%\
\! touch pwned
.x";
set search_path = "it's ""odd"" 50%\
\! touch pwned
.x", public;
create type "type
\! touch pwned
" as enum ('label
\! touch pwned
', '');
create table "table
\! touch pwned
" ("column
\! touch pwned
" int, "a.b" text, "a""b" text, "a\b" text, "%s%d" text default '
\! touch pwned
', " " text, "," text, "select" int, "ünï" text, "ZZ" "type
\! touch pwned
", constraint "key
\! touch pwned
" primary key ("column
\! touch pwned
"), constraint "check
\! touch pwned
" check ("a.b" <> '
\! touch pwned
'));
insert into "table
\! touch pwned
" values (1, 'a', '', null, E'\n\\! touch pwned\n', ' ', ',', 1, 'ü', E'label\n\\! touch pwned\n'), (2, null, '"', '\', E'\\.\n\\! touch pwned', E'\t', '', null, '', '');
create index "index
\! touch pwned
" on "table
\! touch pwned
" ("a.b");
create sequence "sequence
\! touch pwned
"; select setval('"sequence
\! touch pwned
"', 5);
create view "view
\! touch pwned
" as select * from "table
\! touch pwned
";
create materialized view "matview
\! touch pwned
" as select * from "view
\! touch pwned
";
create function "function
\! touch pwned
"() returns trigger language plpgsql as '/*
\! touch pwned
*/ begin return null; end';
create trigger "trigger
\! touch pwned
" after insert on "table
\! touch pwned
" execute function "function
\! touch pwned
"();
create policy "policy
\! touch pwned
" on "table
\! touch pwned
" using (true);
create rule "rule
\! touch pwned
" as on delete to "view
\! touch pwned
" do instead nothing;
create statistics "statistics
\! touch pwned
" on "a.b", " " from "table
\! touch pwned
";
alter table "table
\! touch pwned
" owner to "role
\! touch pwned
";
grant select on "view
\! touch pwned
" to "role
\! touch pwned
";
select lo_from_bytea(5, convert_to(E'\n\\! touch pwned\n', 'UTF8'));
alter large object 5 owner to "role
\! touch pwned
";

-- Long, near one another when folded or cut, and unlike a file's name.
create table "................................................../etc/passwd.." (a int);
create table "/" (a int); create table "." (a int); create table ".." (a int); create table "-" (a int); create table "~" (a int);
create table "a/b" (a int); create table "a_b" (a int); create table "a%2Fb" (a int); create table "A_B" (a int); create table " a_b" (a int); create table "a_b " (a int);
create table "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn1" (a int);
create table "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn2" (a int);
create table "日日日日日日日日日日日日日日日日日日日日日" ("日日日日日日日日日日日日日日日日日日日日日" int);
create table "é" (a int); create table U&"e\0301" (a int); create table "CON" (a int); create table "con" (a int); create table "*" (a int); create table "'" (a int); create table """" (a int);
create table "$1" (a int); create table "{}" (a int); create table "\" (a int); create table ";" (a int); create table "--" (a int); create table "/*" (a int);
do $do$
declare t record;
begin
  for t in select c.oid::regclass as name, row_number() over (order by c.oid) as n from pg_class c
            where c.relkind = 'r' and c.relnamespace = (select oid from pg_namespace where nspname = current_schema()) and c.relnatts = 1 loop
    execute format('insert into %s values (%s)', t.name, t.n);
  end loop;
end $do$;
create table "table" ("from" int primary key, "user" text, "order" int references "table");
insert into "table" values (1, 'x', 1);
create schema "public.x"; create table "public.x".y (a int); create table public."x.y" (a text);
insert into "public.x".y values (1); insert into public."x.y" values ('one');
