-- Publications.
create schema r; set search_path = r;
create table a (id int primary key, x text, y int); create table "B b" (id int primary key); create schema whole; create table whole.c (id int primary key); create table parted (id int primary key) partition by range (id); create table parted_1 partition of parted for values from (0) to (5);
create publication everything for all tables; create publication nothing; create publication some_of for table a, "B b" with (publish = 'insert, delete'); create publication of_root for table parted, only a with (publish = 'update,truncate', publish_via_partition_root = true);
comment on publication some_of is 'a publication'; alter publication some_of owner to kinds_owner;
\if :since15
create publication "Rows and columns" for table a (id, y) where (y > 5 and id in (1, 2)), "B b" where (id = 1); create publication schemas for tables in schema whole, r; create publication mixed for tables in schema whole, table a;
\endif
\if :since18
create publication generated for table a with (publish_generated_columns = stored);
\endif
