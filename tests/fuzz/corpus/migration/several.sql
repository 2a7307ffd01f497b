create table t (i int); -- c
insert into t values ('a;''b', E'\'', $x$;$x$) /* ; /* n */ */;
create function f() returns int begin atomic select 1; end;