-- Roles of the kinds of data; shared by all databases of the cluster.
create role kinds_owner;
create role kinds_reader;
create role "kinds %s ""odd"" role";
grant kinds_reader to kinds_owner;
create role "role
\! touch pwned
";
