-- Schemas: owners, privileges, comments, `public` altered and a schema whose name is a keyword.
create schema plain;
create schema owned authorization kinds_owner;
create schema "Select" authorization "kinds %s ""odd"" role";
comment on schema plain is 'a comment; with -- and /* and ''quotes''';
comment on schema public is 'the house''s own schema';
grant usage, create on schema owned to kinds_reader with grant option;
grant usage on schema plain to public;
revoke all on schema public from public;
grant usage on schema public to kinds_reader;
alter schema public owner to kinds_owner;
