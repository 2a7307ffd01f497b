-- Constraints of every kind.
create schema c; set search_path = c;
create extension btree_gist;
create table keys (id int primary key, a int unique, b int, c int, d text, constraint "Odd key" unique (b, c), constraint deferred unique (c) deferrable initially deferred, constraint can_wait unique (d) deferrable);
create table with_options (a int, b int, primary key (a) include (b) with (fillfactor = 70), unique (b, a) include (a));
create unique index to_be_key on with_options (b); alter table with_options add constraint made_of_index unique using index to_be_key;
create table checks (a int constraint named check (a > 0), b varchar check (b in ('open', 'paid')), c int, check (a < c), constraint only_here check (c > 0) no inherit, constraint "Odd ""check" check (b <> 'x''y'));
alter table checks add constraint unchecked check (a < 100) not valid;
create table refs (a int references keys, b int, c int, d int references keys (a) on update cascade on delete set null, e int,
  constraint two_columns foreign key (b, c) references keys (b, c) match full on update set default on delete restrict deferrable initially deferred, foreign key (e) references keys (a) deferrable);
alter table refs add constraint unchecked foreign key (e) references keys not valid;
create table circle_a (id int primary key, b int); create table circle_b (id int primary key, a int references circle_a); alter table circle_a add foreign key (b) references circle_b;
create table self (id int primary key, up int references self on delete cascade);
create table excluded (room int, during tsrange, b box, state varchar, exclude using gist (room with =, during with &&) where (state in ('open', 'paid')), constraint deferred_box exclude using gist (b with &&) deferrable initially deferred,
  exclude using hash (room with =), exclude using gist (during with &&, (room * 2) with =) include (state) with (fillfactor = 50));
comment on constraint named on checks is 'a check'; comment on constraint two_columns on refs is 'a foreign key'; comment on constraint keys_pkey on keys is 'a key'; comment on constraint deferred_box on excluded is 'an exclusion';
alter table keys cluster on keys_pkey;
\if :since15
create table nulls (a int, b int, unique nulls not distinct (a), constraint both_nulls unique nulls not distinct (a, b) include (b)); create table set_some (a int, b int, foreign key (a, b) references keys (b, c) on delete set null (a)); create table set_default_some (a int, b int default 3, foreign key (a, b) references keys (b, c) on delete set default (b));
\endif
\if :since18
create table named_nulls (a int constraint a_is_needed not null, b int not null, c int not null no inherit, d int, e int constraint named_nulls_e_not_null not null);
alter table named_nulls add constraint d_is_needed not null d not valid; comment on constraint a_is_needed on named_nulls is 'needed'; comment on constraint named_nulls_b_not_null on named_nulls is 'also needed';
create table nulls_child (f int constraint f_there not null) inherits (named_nulls); create table nulls_own (a int constraint own_name not null, b int not null) ; alter table nulls_own add c int, add d int, add e int; alter table nulls_own alter c set not null, alter e set not null;
create table lax (id int primary key, a int constraint positive check (a > 0) not enforced, b int constraint somewhere references keys not enforced); create table lax_child () inherits (lax);
create table over_time (id int4range, valid daterange, name text, primary key (id, valid without overlaps), constraint named_period unique (name, valid without overlaps));
create table bookings (room int4range, during daterange, foreign key (room, period during) references over_time (id, period valid));
\endif
