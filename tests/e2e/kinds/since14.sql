-- What PostgreSQL 14 brought.
create schema v14;
create table v14.multi (id int primary key, m int4multirange, n nummultirange not null default '{[1,2)}', c text compression pglz);
insert into v14.multi values (1, '{[1,3), [5,7)}', '{}', repeat('x', 5000)), (2, '{}', default, null), (3, null, '{(,)}', 'c');
create type v14.span as range (subtype = numeric, multirange_type_name = v14.spans);
create table v14.spans_of (s v14.span, m v14.spans);
insert into v14.spans_of values ('[1.5,2]', '{[1,2),[3.5,4)}');
create function v14.sum_up(a int, out total int) language sql begin atomic select a + (select count(*)::int from v14.multi where c in ('c', 'd')); end;
create procedure v14.with_out(in a int, out b text) language plpgsql as 'begin b := a::text; end';
create statistics v14.of_expressions (mcv) on (id % 3), (c || 'x') from v14.multi;
create index on v14.multi using spgist (c) include (id);
create table v14.list (id int, k text) partition by list (k);
create table v14.list_a partition of v14.list for values in ('a');
create table v14.detached partition of v14.list for values in ('d');
insert into v14.list values (1, 'a'), (2, 'd');
alter table v14.list detach partition v14.detached;
create view v14.search as with recursive up as (select id, k from v14.list union all select id + 1, k from up where id < 3) search breadth first by id set nth cycle id set looped using way select id, k, looped from up;
grant pg_read_all_data to kinds_reader;
