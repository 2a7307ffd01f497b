-- A database that dropped what every database begins with.
drop schema public;
drop extension plpgsql;
create schema alone;
create table alone.one (a int primary key);
create function alone.two() returns int language sql as 'select 2';
