-- Tables of configuration; one refers to another that comes behind it by name.
create table config (id int primary key, v text, built_in boolean not null default false);
create table z_parent (id int primary key, at timestamptz default now());
create table a_child (id int references z_parent, v text);
create table no_config (id int);
create sequence counter;
-- Members know nothing of these: no entry of theirs may be in an archive.
create index config_v on config (v) where not built_in;
create index a_child_expression on a_child (lower(v));
create table guarded (id int);
create policy by_the_extension on guarded using (id > 0);
alter table guarded enable row level security;
create statistics config_statistics on id, built_in from config;
create function twice(int) returns int language sql immutable as 'select $1 * 2';
insert into config values (1, 'built in', true);
insert into no_config values (1);
select pg_extension_config_dump('config', 'where not built_in');
select pg_extension_config_dump('a_child', '');
select pg_extension_config_dump('z_parent', '');
select pg_extension_config_dump('counter', '');
