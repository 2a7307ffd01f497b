-- Triggers, event triggers, policies.
create schema g; set search_path = g;
create table t (id int primary key, a varchar, b int, c text); create table other (id int primary key); create view v as select * from t;
create function noted() returns trigger language plpgsql as $$ begin return coalesce(new, old); end $$;
create trigger before_it before insert or update of b, "c" on t for each row when (new.a in ('open', 'paid') and new.b between 1 and 4) execute function noted('it''s', E'\\', 'new
line', '');
create trigger after_it after update on t referencing old table as o new table as "N n" for each statement execute function noted(); create trigger after_delete after delete on t referencing old table as gone for each row execute function noted(); create trigger when_changed after update on t for each row when (old.* is distinct from new.*) execute function noted();
create trigger disabled before delete on t for each row execute function noted(); alter table t disable trigger disabled; create trigger always before delete on t for each row execute function noted(); alter table t enable always trigger always; create trigger replica before truncate on t execute function noted(); alter table t enable replica trigger replica;
create constraint trigger later after insert or update of a on t from other deferrable initially deferred for each row when (new.id > 0) execute function noted(); create constraint trigger at_once after delete on t not deferrable for each row execute function noted();
create trigger instead instead of insert or update or delete on v for each row execute function noted(); create trigger "Odd ""name" after insert on other for each statement execute function noted();
comment on trigger before_it on t is 'a trigger';
create function seen() returns event_trigger language plpgsql as 'begin end';
create event trigger watch on ddl_command_end when tag in ('CREATE TABLE', 'DROP TABLE') execute function seen(); create event trigger unwatched on sql_drop execute function seen(); alter event trigger unwatched disable; create event trigger on_replica on ddl_command_start execute function seen(); alter event trigger on_replica enable replica; create event trigger rewrite on table_rewrite execute function seen(); alter event trigger rewrite enable always; create event trigger "Odd ""one" on sql_drop when tag in ('DROP VIEW') execute function seen();
comment on event trigger watch is 'an event trigger';
\if :since17
create event trigger at_login on login execute function seen(); alter event trigger at_login disable;
\endif
alter table t enable row level security; alter table other enable row level security, force row level security;
create policy all_of on t; create policy own on t as permissive for select to kinds_reader, kinds_owner using (a = current_user and a in ('open', 'paid')); create policy "no % ""one" on t as restrictive for update to public using (false) with check (exists (select from g.other where id = t.id)); create policy adding on t for insert to current_user with check (b > 0); create policy removing on t for delete using (b between 1 and 2);
create table policy_without_rls (a int); create policy p on policy_without_rls using (true); comment on policy own on t is 'a policy';
