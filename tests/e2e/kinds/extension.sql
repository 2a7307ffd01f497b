-- An extension whose configuration is content, one version behind the newest (S12).
create extension kinds_settings version '1.0';
insert into kinds_settings.config values (2, 'ours'), (3, null);
insert into kinds_settings.z_parent values (1, '2000-01-01'), (2, null);
insert into kinds_settings.a_child values (1, 'a'), (2, ''), (null, null);
select nextval('kinds_settings.counter'), nextval('kinds_settings.counter');
create table uses (a int, b int generated always as (kinds_settings.twice(a)) stored);
insert into uses values (1), (2);
grant select on kinds_settings.config to kinds_reader;
