-- Which partition a value belongs to depends on OIDs that a restore gives anew.
set search_path = public;
create type colour as enum ('red', 'green', 'blue', 'black', 'white', 'grey');
create table by_colour (c colour, n int) partition by hash (c);
create table by_colour_0 partition of by_colour for values with (modulus 3, remainder 0);
create table by_colour_1 partition of by_colour for values with (modulus 3, remainder 1);
create table by_colour_2 partition of by_colour for values with (modulus 3, remainder 2);
insert into by_colour select c, n from unnest(enum_range(null::colour)) c, generate_series(1, 5) n;
