-- In a database whose encoding is LATIN1.
set client_encoding = 'UTF8';
create table "käse" ("größe" text primary key, n int check ("größe" <> 'é'));
insert into "käse" values ('ÿ', 1), ('ä' || chr(128) || chr(160), 2), ('', 3), (E'\\N ü\n', 4);
create type "art" as enum ('groß', 'süß');
create view "blick" as select "größe" || 'ß' as "maß", 'süß'::"art" as a from "käse";
comment on table "käse" is 'Käse, größe';
create sequence "zähler"; select setval('"zähler"', 7);
select lo_from_bytea(0, '\xe9ff00');
