-- Inheritance, old and by partitions.
create schema i; set search_path = i;
create table parent (a int not null default 1, b text collate "C" check (length(b) < 100), c int, constraint a_positive check (a > 0), constraint own check (a < 1000) no inherit);
create table child () inherits (parent);
create table child_with_own (d int, b text collate "C" not null default 'own', check (d > 0)) inherits (parent);
create table merged (a int not null default 7, c int) inherits (parent);
create table other_parent (c int, e date default '2020-01-01');
create table two_parents (f int) inherits (parent, other_parent);
create table grandchild (g int) inherits (child_with_own, two_parents);
create table attached (c int, b text collate "C", a int not null);
alter table attached add constraint a_positive check (a > 0), add constraint parent_b_check check (length(b) < 100);
alter table attached inherit parent;
create table no_longer () inherits (parent); alter table no_longer no inherit parent;
alter table child alter a drop default, alter c set default 5, alter c set not null;
alter table parent add column late int default 9;
alter table child add constraint unchecked check (c < 5) not valid;
create table only_here (a int); create table only_here_child () inherits (only_here);
alter table only only_here alter a set default 3;
create table generated_parent (a int, g int generated always as (a * 2) stored);
create table generated_child () inherits (generated_parent);
create index on child (a);
-- No columns at all, and names in different cases.
create table nothing (); create table still_nothing () inherits (nothing);
create table "Parent" ("A" int); create table "Child" ("B" int) inherits ("Parent");
