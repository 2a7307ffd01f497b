#include "check/sql_check.h"

#include "util/text.h"

namespace check::sql {

std::string_view relations() {
  return R"sql(
select c.oid, n.nspname, c.relname, c.relkind, c.relispartition
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'v', 'm', 'f')
   and c.relpersistence <> 't'
   and n.nspname <> 'information_schema'
   and n.nspname !~ '^pg_'
 order by n.nspname, c.relname)sql";
}

std::string_view inheritance() {
  return "select i.inhrelid, i.inhparent from pg_catalog.pg_inherits i";
}

// Of partitioned indexes too (kind I), which are invalid until every partition has its own.
std::string_view indexes_not_valid() {
  return R"sql(
select c.oid, n.nspname, c.relname, i.indrelid::pg_catalog.regclass::pg_catalog.text, c.relkind
  from pg_catalog.pg_index i
  join pg_catalog.pg_class c on c.oid = i.indexrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where not i.indisvalid
   and c.relpersistence <> 't'
   and n.nspname !~ '^pg_toast'
 order by n.nspname, c.relname)sql";
}

// Those that a partition inherits follow their parent's.
std::string_view constraints() {
  return R"sql(
select case when k.conrelid <> 0 then k.conrelid else k.contypid end,
       k.conname, k.convalidated,
       case when k.conrelid <> 0 then k.conrelid::pg_catalog.regclass::pg_catalog.text
            else k.contypid::pg_catalog.regtype::pg_catalog.text end
  from pg_catalog.pg_constraint k
  join pg_catalog.pg_namespace n on n.oid = k.connamespace
 where k.contype in ('c', 'f', 'n')
   and k.conparentid = 0
   and n.nspname <> 'information_schema'
   and n.nspname !~ '^pg_'
 order by 4, k.conname)sql";
}

// Rows that a policy hides must be an error, not a loss.
std::string_view session_settings() {
  return "set local row_security to off; set local lock_timeout to '10s'; set local "
         "statement_timeout to 0";
}

std::string count_rows(const std::string& quoted_name) {
  return util::cat("select pg_catalog.count(*) from only ", quoted_name);
}

std::string count_query_rows(const std::string& quoted_name) {
  return util::cat("select pg_catalog.count(*) from ", quoted_name);
}

}  // namespace check::sql
