// Tables, foreign tables and domains: put together here, because what stands within them depends on
// what else there is.
//
// A partition is made as a table of its own and attached afterwards, so that it keeps its order of
// columns and its own defaults. A child of another table lists only the columns that are its own.
#include "schema/emit_draft.h"
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::emit_detail {
namespace {

using util::cat;

std::uint32_t oid_at(const pg::Result& rows, int row, int column) {
  return rows.text(row, column) ? static_cast<std::uint32_t>(rows.u64(row, column)) : 0;
}

std::string text_or_empty(const pg::Result& rows, int row, int column) {
  return std::string(rows.text(row, column).value_or(""));
}

std::string_view keyword(char relkind) { return relkind == 'f' ? "FOREIGN TABLE" : "TABLE"; }

}  // namespace

TableTexts::TableTexts(pg::Connection& connection, Drafts& drafts)
    : server_major_(connection.server_major()) {
  read_tables(connection, drafts);
  read_columns(connection);
  read_constraints(connection, drafts);
  for (const Emitted& entry : drafts.entries) {
    if (entry.kind == "DOMAIN") domain_texts_[entry.address.oid] = entry.definition;
  }
}

void TableTexts::read_tables(pg::Connection& connection, Drafts& drafts) {
  const pg::Result rows = connection.query(sql::tables(server_major_));
  for (int row = 0; row < rows.row_count(); ++row) {
    const Address address{kRelations, oid_at(rows, row, 0)};
    if (drafts.of_extension(address)) continue;
    Table table;
    table.entry = drafts.entries.size();
    table.name = rows.str(row, 6);
    table.relkind = rows.str(row, 4).front();
    Emitted entry;
    entry.address = address;
    entry.kind = keyword(table.relkind);
    entry.tag = rows.str(row, 1);
    entry.schema = rows.str(row, 2);
    entry.phrase = cat(entry.kind, " ", table.name);
    if (!rows.text(row, 3)) {
      refuse(entry.phrase,
             "its owner is a role that does not exist any more; give it another owner");
    }
    entry.owner = rows.str(row, 3);
    entry.drop = cat("DROP ", entry.phrase, ";\n");
    entry.relkind = table.relkind;
    entry.part = Part::BeforeData;
    if (const std::string method = rows.str(row, 8); !method.empty()) entry.access_method = method;
    if (rows.text(row, 9)) entry.tablespace = rows.str(row, 9);
    table.partition = rows.boolean(row, 5);
    table.prefix = rows.str(row, 7);
    table.type = text_or_empty(rows, row, 10);
    table.partition_key = text_or_empty(rows, row, 11);
    table.parents = text_or_empty(rows, row, 13);
    table.options = text_or_empty(rows, row, 14);
    table.server = text_or_empty(rows, row, 15);
    table.replica_identity = rows.str(row, 16).front();
    table.force_row_security = rows.boolean(row, 17);
    drafts.add(entry);
    if (table.partition) {
      Emitted attach = entry;
      attach.address = {0, address.oid};
      attach.kind = "TABLE ATTACH";
      attach.phrase.clear();
      attach.drop = "";
      attach.tablespace.reset();
      attach.access_method.reset();
      attach.relkind = 0;
      attach.definition = cat("ALTER TABLE ONLY ", table.parents, " ATTACH PARTITION ", table.name,
                              " ", rows.str(row, 12), ";\n");
      drafts.attached[address.oid] = oid_at(rows, row, 19);
      drafts.add(std::move(attach));
    }
    tables_.emplace(address.oid, std::move(table));
  }
}

void TableTexts::read_columns(pg::Connection& connection) {
  const pg::Result rows = connection.query(sql::columns(server_major_));
  for (int row = 0; row < rows.row_count(); ++row) {
    const auto found = tables_.find(oid_at(rows, row, 0));
    if (found == tables_.end()) continue;
    Column column;
    column.name = rows.str(row, 1);
    column.type = rows.str(row, 2);
    column.collation = text_or_empty(rows, row, 3);
    column.not_null = rows.boolean(row, 4);
    column.local = rows.boolean(row, 5);
    column.generated = rows.str(row, 6);
    column.default_oid = oid_at(rows, row, 7);
    column.expression = text_or_empty(rows, row, 8);
    column.statistics = text_or_empty(rows, row, 9);
    column.storage = text_or_empty(rows, row, 10);
    column.compression = text_or_empty(rows, row, 11);
    column.options = text_or_empty(rows, row, 12);
    column.foreign_options = text_or_empty(rows, row, 13);
    column.parent_default = rows.boolean(row, 14);
    column.number = static_cast<int>(rows.i64(row, 15));
    column.own_expression = rows.boolean(row, 16);
    if (column.default_oid != 0 && column.expression.empty()) {
      refuse(cat("column ", found->second.name, ".", column.name),
             "the server cannot say what its default is");
    }
    found->second.columns.push_back(std::move(column));
  }
}

void TableTexts::read_constraints(pg::Connection& connection, Drafts& drafts) {
  const pg::Result rows = connection.query(sql::table_constraints(server_major_));
  for (int row = 0; row < rows.row_count(); ++row) {
    const Address address{kConstraints, oid_at(rows, row, 0)};
    const std::uint32_t relation = oid_at(rows, row, 1);
    const std::uint32_t domain = oid_at(rows, row, 2);
    const bool not_null = rows.str(row, 3) == "n";
    const bool validated = rows.boolean(row, 5);
    const bool local = rows.boolean(row, 6);
    if (drafts.of_extension(address)) continue;
    const auto table = tables_.find(relation);
    if (relation != 0 && table == tables_.end()) continue;
    drafts.owners.insert(
        {address, relation != 0 ? Address{kRelations, relation} : Address{kTypes, domain}});
    // One that is only inherited comes with the parent; a domain has its NOT NULL with its type.
    if (relation != 0 && !local && !table->second.partition) continue;
    if (relation == 0 && not_null) continue;
    Emitted apart;
    apart.address = address;
    apart.kind = "CHECK CONSTRAINT";
    apart.tag = cat(rows.str(row, 12), " ", rows.str(row, 7));
    apart.schema = rows.str(row, 11);
    apart.owner = text_or_empty(rows, row, 13);
    apart.part = Part::AfterData;
    apart.definition = rows.str(row, 9);
    apart.drop = rows.str(row, 10);
    drafts.separable.emplace(address,
                             Drafts::Separable{address, rows.str(row, 4), apart, false, {}});
    if (!validated) drafts.separate.insert(address);
    if (relation == 0) {
      domains_[domain].push_back(address);
    } else if (not_null && validated) {
      drafts.separable.erase(address);
      table->second.not_nulls[static_cast<int>(rows.i64(row, 8))] = rows.str(row, 4);
    } else {
      table->second.constraints.push_back(address);
    }
  }
}

std::string TableTexts::column_text(const Table& table, const Column& column,
                                    const Drafts& drafts) const {
  std::string text = column.name;
  text += table.type.empty() ? cat(" ", column.type) : " WITH OPTIONS";
  if (!column.foreign_options.empty())
    text += cat(" OPTIONS (\n    ", column.foreign_options, "\n    )");
  if (!column.collation.empty() && table.type.empty()) text += cat(" COLLATE ", column.collation);
  const bool apart = drafts.separate.contains({kDefaults, column.default_oid});
  if (column.generated == "s") {
    text += cat(" GENERATED ALWAYS AS (", column.expression, ") STORED");
  } else if (column.generated == "v") {
    text += cat(" GENERATED ALWAYS AS (", column.expression, ")");
  } else if (column.default_oid != 0 && !apart) {
    text += cat(" DEFAULT ", column.expression);
  } else if (column.default_oid == 0 && column.parent_default && !table.partition) {
    text += " DEFAULT NULL";  // not the parent's
  }
  constexpr int kNamedNotNull = 18;
  if (server_major_ < kNamedNotNull && column.not_null) text += " NOT NULL";
  return text;
}

// Statements behind CREATE TABLE, for what it has no words for.
std::string TableTexts::afterwards(const Table& table, const Drafts& drafts) const {
  const std::string alter = cat("ALTER ", keyword(table.relkind), " ONLY ", table.name, " ");
  std::string text;
  for (const Column& column : table.columns) {
    const std::string of_column = cat(alter, "ALTER COLUMN ", column.name, " ");
    const bool inherited = !column.local && !table.partition && table.type.empty();
    if (inherited && column.generated.empty()) {
      if (column.default_oid != 0 && !drafts.separate.contains({kDefaults, column.default_oid}))
        text += cat(of_column, "SET DEFAULT ", column.expression, ";\n");
      if (column.default_oid == 0 && column.parent_default)
        text += cat(of_column, "DROP DEFAULT;\n");
    }
    constexpr int kNamedNotNull = 18;
    if (inherited && column.not_null && server_major_ < kNamedNotNull)
      text += cat(of_column, "SET NOT NULL;\n");
    if (!column.statistics.empty())
      text += cat(of_column, "SET STATISTICS ", column.statistics, ";\n");
    if (!column.storage.empty()) text += cat(of_column, "SET STORAGE ", column.storage, ";\n");
    if (!column.compression.empty())
      text += cat(of_column, "SET COMPRESSION ", column.compression, ";\n");
    if (!column.options.empty()) text += cat(of_column, "SET (", column.options, ");\n");
    // Since 17 it can be another one than the parent's.
    if (inherited && column.own_expression)
      text += cat(of_column, "SET EXPRESSION AS (", column.expression, ");\n");
    if (inherited && !column.foreign_options.empty())
      text += cat(of_column, "OPTIONS (", column.foreign_options, ");\n");
  }
  const bool identified = table.relkind != 'f';
  if (identified && table.replica_identity == 'f') text += cat(alter, "REPLICA IDENTITY FULL;\n");
  if (identified && table.replica_identity == 'n')
    text += cat(alter, "REPLICA IDENTITY NOTHING;\n");
  if (table.force_row_security) text += cat(alter, "FORCE ROW LEVEL SECURITY;\n");
  return text;
}

std::string TableTexts::text(const Table& table, const Drafts& drafts) const {
  std::vector<std::string> items;
  for (const Column& column : table.columns) {
    const auto not_null = table.not_nulls.find(column.number);
    if (!table.type.empty()) {
      const std::string text = column_text(table, column, drafts);
      if (text != cat(column.name, " WITH OPTIONS")) items.push_back(text);
    } else if (column.local || table.partition) {
      items.push_back(column_text(table, column, drafts));
    }
    if (not_null != table.not_nulls.end()) items.push_back(not_null->second);
  }
  for (const Address& constraint : table.constraints) {
    if (!drafts.separate.contains(constraint))
      items.push_back(drafts.separable.at(constraint).within);
  }
  std::string text = cat("CREATE ", table.prefix, keyword(table.relkind), " ", table.name);
  if (!table.type.empty()) text += cat(" OF ", table.type);
  if (!items.empty() || table.type.empty())
    text += cat(" (", items.empty() ? "" : "\n    ", util::join(items, ",\n    "), "\n)");
  if (!table.parents.empty() && !table.partition) text += cat("\nINHERITS (", table.parents, ")");
  if (!table.partition_key.empty()) text += cat("\nPARTITION BY ", table.partition_key);
  if (!table.server.empty()) text += cat("\nSERVER ", table.server);
  if (!table.options.empty()) text += cat("\nWITH (", table.options, ")");
  const std::string more = afterwards(table, drafts);
  return cat(text, ";\n", more.empty() ? "" : "\n", more);
}

void TableTexts::write(Drafts& drafts) const {
  for (const auto& [oid, table] : tables_)
    drafts.entries[table.entry].definition = text(table, drafts);
  for (const auto& [oid, definition] : domain_texts_) {
    std::string text = definition;
    if (const auto found = domains_.find(oid); found != domains_.end()) {
      for (const Address& constraint : found->second) {
        if (!drafts.separate.contains(constraint))
          text += cat("\n\t", drafts.separable.at(constraint).within);
      }
    }
    drafts.entries[drafts.by_address.at({kTypes, oid})].definition = cat(text, ";\n");
  }
}

}  // namespace schema::emit_detail
