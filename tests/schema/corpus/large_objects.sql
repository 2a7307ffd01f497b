-- Large objects: what of them is schema.
select lo_create(100001), lo_create(100002), lo_create(4294967295);
alter large object 100002 owner to kinds_owner; grant select on large object 100002 to kinds_reader with grant option; grant update on large object 100001 to public; comment on large object 100002 is 'it''s a comment';
create table documents (id int primary key, content oid);
