#include "schema/emit_draft.h"

#include "schema/emit_sql.h"
#include "util/error.h"
#include "util/text.h"

namespace schema::emit_detail {
namespace {

std::uint32_t oid_at(const pg::Result& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.u64(row, column));
}

std::optional<std::string> text_at(const pg::Result& rows, int row, int column) {
  const std::optional<std::string_view> text = rows.text(row, column);
  return text ? std::optional<std::string>(*text) : std::nullopt;
}

Emitted emitted(const pg::Result& rows, int row) {
  Emitted entry;
  entry.address = {oid_at(rows, row, 0), oid_at(rows, row, 1)};
  entry.kind = rows.str(row, 2);
  entry.tag = rows.str(row, 3);
  entry.schema = text_at(rows, row, 4);
  entry.phrase = rows.str(row, 7);
  const std::string object =
      entry.phrase.empty() ? util::cat(entry.kind, " ", entry.tag) : entry.phrase;
  if (!rows.text(row, 5)) {
    refuse(object, "its owner is a role that does not exist any more; give it another owner");
  }
  if (!rows.text(row, 8)) {
    refuse(
        object,
        "the server does not say how it is defined: something that it needs is gone, or this role "
        "may not see it");
  }
  entry.owner = rows.str(row, 5);
  entry.part = rows.boolean(row, 6) ? Part::AfterData : Part::BeforeData;
  entry.definition = rows.str(row, 8);
  entry.drop = text_at(rows, row, 9);
  if (!entry.drop) entry.drop = util::cat("DROP ", entry.phrase, ";\n");
  if (rows.column_count() > 10) entry.tablespace = text_at(rows, row, 10);
  if (rows.column_count() > 11) entry.access_method = text_at(rows, row, 11);
  if (entry.kind == "VIEW") entry.relkind = 'v';
  if (entry.kind == "MATERIALIZED VIEW") entry.relkind = 'm';
  return entry;
}

void read_links(pg::Connection& connection, Drafts& drafts) {
  const pg::Result members = connection.query(sql::extension_members());
  for (int row = 0; row < members.row_count(); ++row)
    drafts.members[{oid_at(members, row, 0), oid_at(members, row, 1)}] = oid_at(members, row, 2);
  const pg::Result owned = connection.query(sql::owned_addresses(connection.server_major()));
  for (int row = 0; row < owned.row_count(); ++row) {
    drafts.owners.insert({{oid_at(owned, row, 0), oid_at(owned, row, 1)},
                          {oid_at(owned, row, 2), oid_at(owned, row, 3)}});
  }
  const pg::Result edges = connection.query(sql::dependencies());
  for (int row = 0; row < edges.row_count(); ++row) {
    // An index of a table of an extension is as much the extension's as the table.
    const Address from{oid_at(edges, row, 0), oid_at(edges, row, 1)};
    const Address to{oid_at(edges, row, 2), oid_at(edges, row, 3)};
    if (edges.str(row, 4) == "a" && from.class_oid != kPublishedTables &&
        from.class_oid != kRelations && drafts.members.contains(to))
      drafts.parts_of_members.insert(from);
    drafts.edges.push_back({from, to, edges.str(row, 4).front()});
  }
}

// Their connection strings are for superusers.
bool may_read_subscriptions(pg::Connection& connection) {
  const pg::Result rows = connection.query(sql::subscriptions_readable());
  if (rows.boolean(0, 0)) return true;
  if (rows.text(0, 1))
    refuse(util::cat("subscription ", rows.str(0, 1)), "this role may not read how it connects");
  return false;
}

}  // namespace

void refuse(const std::string& object, const std::string& why) {
  throw util::Error(
      util::Kind::Backup,
      util::cat("the schema cannot be read without a pg_dump of the server's version: ",
                util::printable(object), ": ", why),
      {.hint = "Install that pg_dump and use --schema-from pg_dump, or change or drop "
               "the object.",
       .sqlstate = {}});
}

std::optional<std::size_t> Drafts::entry_of(Address address) const {
  // A chain is short: a toast index, its table, the table. The count ends a circle in a damaged
  // catalogue.
  constexpr int kLongest = 16;
  for (int step = 0; step < kLongest; ++step) {
    if (const auto found = by_address.find(address); found != by_address.end())
      return found->second;
    const auto owner = owners.find(address);
    if (owner == owners.end()) return std::nullopt;
    address = owner->second;
  }
  return std::nullopt;
}

bool Drafts::of_extension(Address address) const {
  constexpr int kLongest = 16;
  for (int step = 0; step < kLongest; ++step) {
    if (members.contains(address) || parts_of_members.contains(address)) return true;
    const auto owner = owners.find(address);
    if (owner == owners.end()) return false;
    address = owner->second;
  }
  return false;
}

void Drafts::add(Emitted entry) {
  if (entry.kind == "SHELL TYPE") shells[entry.address.oid] = entries.size();
  if (entry.address.class_oid != 0) by_address[entry.address] = entries.size();
  entries.push_back(std::move(entry));
}

void read_drafts(pg::Connection& connection, Drafts& drafts) {
  read_links(connection, drafts);
  std::vector<std::string> statements = sql::draft_statements(connection.server_major());
  drafts.subscriptions_read = may_read_subscriptions(connection);
  if (drafts.subscriptions_read)
    statements.push_back(sql::subscriptions(connection.server_major()));
  for (const std::string& statement : statements) {
    const pg::Result rows = connection.query(statement);
    for (int row = 0; row < rows.row_count(); ++row) {
      const Address address{oid_at(rows, row, 0), oid_at(rows, row, 1)};
      const std::uint32_t beside = rows.str(row, 2) == "SHELL TYPE" ? kTypes : kRelations;
      if (drafts.of_extension({address.class_oid == 0 ? beside : address.class_oid, address.oid}))
        continue;
      drafts.add(emitted(rows, row));
    }
  }
  const pg::Result dummies = connection.query(sql::dummy_views());
  for (int row = 0; row < dummies.row_count(); ++row)
    drafts.dummies[oid_at(dummies, row, 0)] = dummies.str(row, 1);
}

}  // namespace schema::emit_detail
