-- What PostgreSQL 18 brought.
create schema v18;
-- Virtual columns: nothing is stored, and COPY does not read them.
create table v18.virtual_columns (id int primary key, a varchar, v text generated always as (case when a in ('open', 'paid') then upper(a) end) virtual, s text generated always as (a || id::text) stored);
insert into v18.virtual_columns (id, a) values (1, 'open'), (2, 'other'), (3, null);
create table v18.only_virtual (v int generated always as (42) virtual);
insert into v18.only_virtual default values;
insert into v18.only_virtual default values;
create table v18.virtual_parts (id int, k int, v int generated always as (id * 2) virtual) partition by range (k);
create table v18.virtual_parts_1 partition of v18.virtual_parts for values from (0) to (10);
insert into v18.virtual_parts (id, k) values (1, 1), (2, 2);
-- NOT NULL as a constraint: with a name, not inherited, not valid, with a comment.
create table v18.nulls (a int constraint a_is_needed not null, b int not null no inherit, c int, d int);
insert into v18.nulls values (1, 2, null, 4);
alter table v18.nulls add constraint c_is_needed not null c not valid;
comment on constraint a_is_needed on v18.nulls is 'it''s needed';
create table v18.nulls_child (e int constraint e_there not null) inherits (v18.nulls);
insert into v18.nulls_child values (5, null, 6, 7, 8);
-- Constraints that are not enforced.
create table v18.lax (id int primary key, a int constraint positive check (a > 0) not enforced, b int constraint somewhere references v18.virtual_columns not enforced);
insert into v18.lax values (1, -5, 99);
-- Keys over time.
create table v18.rooms (id int4range, valid daterange, name text, primary key (id, valid without overlaps));
insert into v18.rooms values ('[1,2)', '[2024-01-01,2025-01-01)', 'a'), ('[1,2)', '[2025-01-01,2026-01-01)', 'b');
create table v18.bookings (room int4range, during daterange, foreign key (room, period during) references v18.rooms (id, period valid));
insert into v18.bookings values ('[1,2)', '[2024-06-01,2025-06-01)');
-- A foreign key on a partitioned table that is not valid.
create table v18.fk_parts (id int, k int) partition by range (k);
create table v18.fk_parts_1 partition of v18.fk_parts for values from (0) to (10);
insert into v18.fk_parts values (1, 1);
alter table v18.fk_parts add constraint later foreign key (id) references v18.virtual_columns not valid;
create table v18.uuids (u uuid default uuidv7());
insert into v18.uuids values ('01890000-0000-7000-8000-000000000000');
create publication v18_generated for table v18.virtual_columns (id, s) with (publish_generated_columns = stored);
create function v18.array_work(a int[]) returns int[] language sql begin atomic select array_reverse(array_sort(a)); end;
