-- An extension whose configuration is content, one version behind the newest (S12).
create extension kinds_settings version '1.0';
insert into kinds_settings.config values (2, 'ours'), (3, null);
insert into kinds_settings.z_parent values (1, '2000-01-01'), (2, null);
insert into kinds_settings.a_child values (1, 'a'), (2, ''), (null, null);
select nextval('kinds_settings.counter'), nextval('kinds_settings.counter');
create table uses (a int, b int generated always as (kinds_settings.twice(a)) stored);
insert into uses values (1), (2);
grant select on kinds_settings.config to kinds_reader;
-- What no archive has: what was added to its tables, and row security.
create function noted() returns trigger language plpgsql as 'begin return new; end';
create trigger noted before insert on kinds_settings.config for each row execute function noted();
create index ours on kinds_settings.config (built_in);
create rule ours as on delete to kinds_settings.no_config do instead nothing;
create policy ours on kinds_settings.no_config using (id > 1);
alter table kinds_settings.no_config enable row level security;
create publication of_extension for table kinds_settings.config;
