// Nothing is left out silently: every row of every catalogue that has OIDs, and that was not made
// by initdb, must be known.
//
// The catalogues are asked for by the server's own list, so that one that a new version brings is
// not overlooked. A row is known if it is an entry or part of one (which pg_depend and the
// references between catalogues say), belongs to an extension, or is left out on purpose:
//
//   temporary objects         of sessions, and gone with them
//   invalid indexes           no restore brings them back (S13); the proof lists them
//   shell operators           mentioned as commutator or negator and never made
//   large objects             dumped with their contents
//   collations in pg_catalog  made by pg_import_system_collations, from the operating system
//   default privileges        entries of their own, also where they say nothing new
//
// Catalogues without OIDs hold parts of such rows, and are read with them: pg_attribute, pg_index,
// pg_inherits, pg_aggregate, pg_range, pg_sequence, pg_foreign_table, pg_partitioned_table,
// pg_ts_config_map, pg_db_role_setting. What they say of any object (pg_description, pg_seclabel,
// privileges, DEPENDS ON EXTENSION in pg_depend) must find its entry, or an object that is left out
// here. Left out on purpose: pg_statistic and pg_statistic_ext_data (a restore analyzes),
// pg_subscription_rel and pg_replication_origin (the state of replication, F8), comments and labels
// on members of extensions and on objects of initdb (as pg_dump does), and what is said of objects
// that are gone.
#include <algorithm>

#include "schema/emit_draft.h"
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::emit_detail {
namespace {

std::uint32_t oid_at(const pg::Result& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.u64(row, column));
}

std::string rows_of_users(pg::Connection& connection) {
  const pg::Result catalogs = connection.query(sql::catalogs_with_oids());
  std::vector<std::string> selects;
  for (int row = 0; row < catalogs.row_count(); ++row) selects.push_back(catalogs.str(row, 0));
  return util::join(selects, " union all ");
}

std::string row_text(const Address& address) {
  return util::cat("(", address.class_oid, ", ", address.oid, ")");
}

// Those that are left out on purpose; what remains is unknown.
void require_on_list(pg::Connection& connection, const std::vector<Address>& unknown) {
  constexpr std::size_t kAtOnce = 1000;
  for (std::size_t begin = 0; begin < unknown.size(); begin += kAtOnce) {
    std::vector<std::string> addresses;
    for (std::size_t n = begin; n < std::min(begin + kAtOnce, unknown.size()); ++n)
      addresses.push_back(row_text(unknown[n]));
    const pg::Result rows = connection.query(sql::not_on_list(util::join(addresses, ", ")));
    if (rows.row_count() == 0) continue;
    refuse(rows.str(0, 0), rows.row_count() == 1
                               ? std::string("it is of a kind that pgbelay does not know")
                               : util::cat("it, and ", rows.row_count() - 1,
                                           " more, are of kinds that pgbelay does not know"));
  }
}

void require_own_schemas(const Drafts& drafts) {
  for (const Emitted& entry : drafts.entries) {
    if (entry.schema == "pg_catalog" || entry.schema == "information_schema")
      refuse(entry.phrase, "it lies in a schema of the system, where no restore makes anything");
  }
}

}  // namespace

void require_coverage(pg::Connection& connection, Drafts& drafts) {
  require_own_schemas(drafts);
  const pg::Result rows = connection.query(rows_of_users(connection));
  std::vector<Address> unknown;
  for (int row = 0; row < rows.row_count(); ++row) {
    const Address address{oid_at(rows, row, 0), oid_at(rows, row, 1)};
    if (!drafts.entry_of(address) && !drafts.of_extension(address)) unknown.push_back(address);
  }
  require_on_list(connection, unknown);
  drafts.left_out.insert(unknown.begin(), unknown.end());
}

void require_left_out(pg::Connection& connection, const Drafts& drafts, const Address& address,
                      std::string_view what) {
  if (drafts.left_out.contains(address)) return;
  const pg::Result rows = connection.query(sql::row_of(address.class_oid));
  // Not every version can name an object that is gone.
  if (rows.row_count() == 0 ||
      connection.query(rows.str(0, 0), {util::cat(address.oid)}).row_count() == 0)
    return;
  const pg::Result name =
      connection.query(sql::name_of(), {util::cat(address.class_oid), util::cat(address.oid)});
  refuse(name.str(0, 0), util::cat("it has ", what, ", and no place in the archive"));
}

}  // namespace schema::emit_detail
