// Schemas.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string schemas(const Server&) {
  return cat(R"sql(
  select 'schema' as kind, n.oid, 0 as sub, null as schema, n.nspname as name,
         pg_catalog.quote_ident(n.nspname) as identity, '' as of, null as of_oid,
         )sql",
             role("n.nspowner"), R"sql( as "owner",
         )sql",
             acl("n", "n.nspacl", "n.nspowner"), R"sql( as "acl[]"
    from pg_catalog.pg_namespace n where )sql",
             user_schema());
}

}  // namespace schema::sql
