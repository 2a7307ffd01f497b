// Collations and conversions.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

// The version of a collation is that of the library on the server's machine: no fact of the schema.
// Nor is the encoding of the database: a copy of a collation that is for all of them (CREATE
// COLLATION … FROM "C") can only be made again for this one, where it is the same.
std::string collations(const Server& server) {
  const std::string_view locale = server.major >= 17   ? "c.colllocale"
                                  : server.major >= 15 ? "c.colliculocale"
                                                       : "null";
  return cat(R"sql(
  select 'collation' as kind, c.oid, 0 as sub, n.nspname as schema, c.collname as name,
         )sql",
             qualified("c.collname"), R"sql( as identity, '' as of, null as of_oid,
         )sql",
             role("c.collowner"), R"sql( as "owner",
         case c.collprovider when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' when 'd' then 'default' end as "provider",
         )sql",
             locale,
             R"sql( as "locale", c.collcollate as "collate", c.collctype as "character type",
         )sql",
             server.major >= 16 ? "c.collicurules" : "null", R"sql( as "rules",
         case when not c.collisdeterministic then 'no' end as "deterministic",
         case when c.collencoding >= 0 and c.collencoding <> (
           select d.encoding from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
              then pg_catalog.pg_encoding_to_char(c.collencoding) end as "encoding"
    from pg_catalog.pg_collation c
    join pg_catalog.pg_namespace n on n.oid = c.collnamespace
   where )sql",
             user_schema());
}

std::string conversions(const Server&) {
  return cat(R"sql(
  select 'conversion' as kind, c.oid, 0 as sub, n.nspname as schema, c.conname as name,
         )sql",
             qualified("c.conname"), R"sql( as identity, '' as of, null as of_oid,
         )sql",
             role("c.conowner"), R"sql( as "owner",
         pg_catalog.pg_encoding_to_char(c.conforencoding) as "from",
         pg_catalog.pg_encoding_to_char(c.contoencoding) as "to",
         c.conproc::pg_catalog.regproc::pg_catalog.text as "function",
         case when c.condefault then 'yes' end as "default"
    from pg_catalog.pg_conversion c
    join pg_catalog.pg_namespace n on n.oid = c.connamespace
   where )sql",
             user_schema());
}

}  // namespace schema::sql
