-- Partitions: every strategy, bounds of every kind, levels, attached ones, indexes and keys.
create schema p; set search_path = p;
create table by_range (id bigint not null, at date not null default '2020-05-05', kind varchar(10) default 'open', payload jsonb, primary key (id, at)) partition by range (at, id);
create table r_first partition of by_range for values from (minvalue, minvalue) to ('2020-01-01', 0);
create table r_2020 partition of by_range (kind default 'own' not null, constraint short check (length(kind) < 5)) for values from ('2020-01-01', 0) to ('2021-01-01', maxvalue);
create table r_rest partition of by_range default;
create table by_list (id int, kind text, at date) partition by list (kind);
create table l_a partition of by_list for values in ('a', 'it''s', null) partition by range (at);
create table l_a_old partition of l_a for values from (minvalue) to ('2020-01-01') with (fillfactor = 70);
create table l_a_new (at date, gone int, kind text, id int); alter table l_a_new drop column gone;
alter table l_a attach partition l_a_new for values from ('2020-01-01') to (maxvalue);
create table l_default partition of by_list default partition by hash (id);
create table l_h0 partition of l_default for values with (modulus 2, remainder 0);
create table l_h1 partition of l_default for values with (modulus 2, remainder 1);
create table by_expression (a int, b text collate "C") partition by range ((a % 10), lower(b) collate "C" text_pattern_ops);
create table e_one partition of by_expression for values from (0, 'a') to (5, 'z');
create table by_hash (a int primary key, b int) partition by hash (a);
create table h_0 partition of by_hash for values with (modulus 3, remainder 0);
create table h_1 partition of by_hash for values with (modulus 3, remainder 1);
create table h_2 partition of by_hash for values with (modulus 3, remainder 2);
create table alone (a int) partition by list (a);
create table booleans (a boolean, n numeric) partition by list (a); create table b_true partition of booleans for values in (true);
create table detached partition of by_list for values in ('gone'); alter table by_list detach partition detached;
-- Indexes: inherited, attached by hand, only on the parent, unique, and one more on a partition.
create index by_list_kind on by_list (kind);
create index on only by_list (id);
create index l_a_at on l_a (at);
create index by_list_at on by_list (at desc);
create unique index on by_hash (a, b);
create index by_hand on only by_range (kind); create index by_hand_1 on r_2020 (kind); alter index by_hand attach partition by_hand_1;
create index own_index on r_2020 (payload);
alter table r_2020 cluster on own_index;
create index with_options on by_list (id) with (fillfactor = 50);
create index with_expression on by_hash ((a + b)); alter index with_expression alter column 1 set statistics 300;
comment on index by_list_kind is 'of the parent'; comment on table r_2020 is 'a partition';
-- Keys to and from them.
create table target (a int, b int, c int unique, primary key (a, b)) ;
create table points (a int, b int, constraint to_target foreign key (a, b) references target on delete cascade) partition by list (a);
create table points_1 partition of points for values in (1);
create table points_2 (b int, a int); alter table points attach partition points_2 for values in (2);
create table to_partitioned (x int references by_hash on update cascade deferrable initially deferred);
create table self (id int primary key, up int references self) partition by range (id);
create table self_1 partition of self for values from (0) to (10);
alter table by_range add constraint positive check (id > 0);
alter table by_hash alter b set not null;
create unlogged table unlogged_part (a int);
alter table h_0 set (autovacuum_enabled = off), replica identity full;
grant select on by_list to kinds_reader; grant select on l_a_old to kinds_reader; alter table l_h0 owner to kinds_owner;
create function p_noted() returns trigger language plpgsql as 'begin return new; end';
create trigger on_all after insert on by_list for each row execute function p_noted();
create trigger on_one before insert on l_h1 for each row execute function p_noted();
alter table l_a_old disable trigger on_all;
create statistics on_partitions on id, kind from by_list;
\if :since17
create table with_identity (id int generated always as identity, k text) partition by list (k);
create table with_identity_a partition of with_identity for values in ('a');
create table using_method (id int) partition by range (id) using heap;
\endif
\if :since18
create table nulls (a int constraint needed not null, b int) partition by list (a);
create table nulls_1 partition of nulls for values in (1);
create table nulls_2 (b int, a int constraint mine not null); alter table nulls attach partition nulls_2 for values in (2);
alter table points add constraint later foreign key (a) references target (c) not valid;
\endif
