-- What PostgreSQL 15 brought.
create schema v15;
create table v15.distinct_nulls (a int, b text, unique nulls not distinct (a, b));
insert into v15.distinct_nulls values (1, null), (null, 'x'), (null, null);
create view v15.as_invoker with (security_invoker) as select a from v15.distinct_nulls where b in ('x', 'y');
create unlogged sequence v15.unlogged_numbers;
select nextval('v15.unlogged_numbers');
create table v15.parent (id int primary key, a int, b int);
create table v15.child (id int, a int, b int, foreign key (a) references v15.parent on delete set null (a));
create publication v15_rows for table v15.parent (id, a) where (a > 5 and id in (1, 2));
create publication v15_schemas for tables in schema v14;
create collation v15.upper_first (provider = icu, locale = 'de@colCaseFirst=upper');
create table v15.numbers (n numeric(3, -2), m numeric(2, 5));
insert into v15.numbers values (12345, 0.00099);
grant set on parameter work_mem to kinds_reader;
