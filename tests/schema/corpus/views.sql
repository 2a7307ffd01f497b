-- Views, materialised views and rules.
create schema v; set search_path = v;
create table base (id int primary key, a varchar, b int, c date default '2020-01-01', d text);
create view simple as select id, a as "odd ""name""", b from base where a in ('open', 'paid') and b between 1 and 40;
create view checked as select * from base where b > 3 with local check option;
create view cascaded with (security_barrier) as select * from checked where b < 100 with cascaded check option;
\if :since15
create view invoker with (security_invoker = true, security_barrier = false) as select id from base;
\endif
create view with_default as select id, a from base; alter view with_default alter a set default 'from the view', alter id set default 7;
create view renamed as select 1 as one, 'x' as two; alter view renamed rename column one to uno;
create recursive view counting (n) as values (1) union all select n + 1 from counting where n < 5;
create view grouped as select id, a, b, count(*) as c from base group by id;
create view on_grouped as select g.id, g.c, b.d from grouped g join base b using (id);
create view windowed as select id, row_number() over w as n, sum(b) over (w rows between 1 preceding and current row) as s from base window w as (partition by a order by id desc);
create view lateral_one as select b.id, x.* from base b cross join lateral (select b.a || 'x' as y, generate_series(1, b.b) as z) x;
create view of_values (n, t) as values (1, 'a'), (2, 'b');
create view sets as select id from base union all select b from base except (select 1 intersect select 2);
create view with_cte as with x as materialized (select id from base), y as (select * from x) select x.id, y.id as other from x join y using (id);
create view no_columns as select;
create view whole_row as select b as row_of_base, b.id from base b;
create view grouping as select a, b, count(*) filter (where id > 1), grouping(a, b) from base group by grouping sets ((a, b), rollup (a), ());
create view ordered_agg as select string_agg(a, ',' order by id desc) as s, percentile_cont(0.5) within group (order by b) as p from base;
create view limited as select * from base order by id limit 5 offset 1;
create view sampled as select * from base tablesample system (10) repeatable (5);
create materialized view fresh as select a, count(*) as n from simple s join base using (id) group by a with no data;
create materialized view grouped_too with (fillfactor = 50) as select id, a, b, count(*) as c from base group by id;
create materialized view stacked as select f.*, g.id from fresh f full join grouped_too g using (a) with no data;
create unique index on stacked (id, a); alter materialized view stacked cluster on stacked_id_a_idx; alter materialized view stacked alter a set statistics 5;
create view on_matview as select * from stacked;
-- A function of a view's row, and a view of that function; a function whose body needs a key.
create function of_view(grouped) returns bigint language sql as 'select $1.c';
create view using_itself as select g.id, v.of_view(g) as f from grouped g;
\if :since14
create function needs_key(x int) returns text language sql begin atomic select a from v.base where id = x group by id; end;
create view of_needs_key as select v.needs_key(id) as k from base;
\endif
-- Views in a circle, through rules.
create view first as select 1 as a, 'x'::text as b;
create view second as select a, b from first;
create or replace view first as select id as a, d as b from base;
create rule to_second as on insert to first do instead select * from second;
create rule from_second as on insert to second do instead insert into first values (new.a, new.b);
create table becomes (a int, b text);
create view through_rule as select * from becomes;
create rule ping as on insert to becomes do also delete from through_rule where a = 0;
create rule pong as on delete to through_rule do instead delete from becomes where becomes.a = old.a;
create rule "_instead %" as on delete to of_values do instead nothing;
create rule on_update as on update to simple where new.b > 1 do also (insert into base (id) values (new.id + 1000); delete from base where id = old.id and d = 'it''s'); create rule loud as on delete to simple do notify "it's";
create rule disabled as on update to base where old.a = 'x' do instead nothing; alter table base disable rule disabled;
create rule always_on as on delete to base do also select 1; alter table base enable always rule always_on;
create rule on_replica as on insert to base do also select 2; alter table base enable replica rule on_replica;
comment on view simple is 'a view'; comment on column simple.b is 'of base'; comment on materialized view stacked is 'kept'; comment on rule on_update on simple is 'also';
alter view simple owner to kinds_owner; alter materialized view fresh owner to kinds_owner; grant select on base to kinds_owner;
grant select, insert on simple to kinds_reader; grant select (id) on grouped to kinds_reader; grant select on fresh to kinds_reader;
\if :since14
create view search as with recursive up as (select id, b from base union all select id + 1, b from up where id < 3) search breadth first by id set nth cycle id set looped using way select id, looped from up;
\endif
\if :since16
create view json_16 as select json_object('id' value id, 'd' value d) as o, d is json object as is_object, json_arrayagg(id) over () as ids from base;
\endif
\if :since17
create view json_17 as select t.* from json_table('[{"a": 1}]', '$[*]' columns (n for ordinality, a int path '$.a' default 7 on empty)) t;
\endif
create materialized view with_identity as select 1 as a, 'x'::text as t; alter table with_identity replica identity full; create materialized view no_identity as select 1 as a; alter table no_identity replica identity nothing;
\if :since14
alter materialized view with_identity alter t set compression pglz;
\endif
