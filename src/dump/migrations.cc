// The history tables of migration tools, by name and columns.
#include <algorithm>
#include <array>
#include <string_view>

#include "dump/facts.h"
#include "pg/ident.h"
#include "util/error.h"
#include "util/text.h"

namespace dump {
namespace {

struct HistoryTable {
  std::string_view name;
  std::string_view shown;      // expression for the migration's name
  std::string_view order;      // expression
  std::string_view condition;  // " where …" or nothing
};
constexpr std::array kHistoryTables{
    HistoryTable{"schema_migrations", "version", "version", ""},  // dbmate, Rails, golang-migrate
    HistoryTable{"knex_migrations", "name", "id", ""},
    HistoryTable{"_prisma_migrations", "migration_name", "finished_at",
                 " where finished_at is not null and rolled_back_at is null"},
    HistoryTable{"flyway_schema_history", "script", "installed_rank", " where success"},
    HistoryTable{"alembic_version", "version_num", "version_num", ""},
    HistoryTable{"pgmigrations", "name", "id", ""},
    HistoryTable{"SequelizeMeta", "name", "name", ""},
    HistoryTable{"django_migrations", "app || '.' || name", "id", ""},
    HistoryTable{"databasechangelog", "id", "orderexecuted", ""},  // liquibase
    HistoryTable{"__EFMigrationsHistory", "\"MigrationId\"", "\"MigrationId\"", ""},
    HistoryTable{"typeorm_migrations", "name", "id", ""},
};
// What tools keep besides, or as well without a list that could be read the same way.
constexpr std::array<std::string_view, 21> kBooks{"__diesel_schema_migrations",
                                                  "__drizzle_migrations",
                                                  "_sqlx_migrations",
                                                  "ar_internal_metadata",
                                                  "atlas_schema_revisions",
                                                  "databasechangeloglock",
                                                  "doctrine_migration_versions",
                                                  "goose_db_version",
                                                  "gorp_migrations",
                                                  "knex_migrations_lock",
                                                  "kysely_migration",
                                                  "kysely_migration_lock",
                                                  "migrations",
                                                  "migrations_lock",
                                                  "mikro_orm_migrations",
                                                  "phinxlog",
                                                  "refinery_schema_history",
                                                  "schema_info",
                                                  "schema_version",
                                                  "SequelizeMigrations",
                                                  "umzug"};
constexpr std::array<std::string_view, 5> kBookSchemas{"atlas_schema_revisions", "drizzle",
                                                       "graphile_migrate", "pgbelay", "sqitch"};
constexpr std::string_view kOwnHistory = "pgbelay.migrations";
constexpr int kMostShown = 10'000;

constexpr std::string_view kReadable = R"sql(
  select n.nspname::pg_catalog.text
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relname = $1 and c.relkind in ('r', 'p') and n.nspname !~ '^pg_'
     and pg_catalog.has_schema_privilege(n.oid, 'USAGE') and pg_catalog.has_table_privilege(c.oid, 'SELECT')
   order by n.nspname collate "C")sql";

constexpr std::string_view kOwnReadable = R"sql(
  select coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass($1), 'SELECT'), false))sql";

void append_names(pg::Connection& connection, const std::string& statement,
                  std::vector<std::string>& names) {
  connection.execute("SAVEPOINT pgbelay_history");
  try {
    const pg::Result rows = connection.query(statement);
    for (int row = 0; row < rows.row_count(); ++row) names.push_back(rows.str(row, 0));
    connection.execute("RELEASE SAVEPOINT pgbelay_history");
  } catch (const util::Error& failure) {
    // Another table of the same name, or row-level security: no history to be told of.
    if (failure.kind() != util::Kind::Query && failure.kind() != util::Kind::Privilege) throw;
    connection.execute("ROLLBACK TO SAVEPOINT pgbelay_history");
  }
}

}  // namespace

std::vector<std::string> applied_migrations(pg::Connection& connection) {
  std::vector<std::string> names;
  for (const HistoryTable& history : kHistoryTables) {
    const pg::Result schemas = connection.query(kReadable, {std::string(history.name)});
    for (int row = 0; row < schemas.row_count(); ++row) {
      const pg::QualifiedName table{schemas.str(row, 0), std::string(history.name)};
      append_names(connection,
                   util::cat("select (", history.shown, ")::pg_catalog.text from ", table.quoted(),
                             history.condition, " order by ", history.order, " limit ", kMostShown),
                   names);
    }
  }
  if (connection.query(kOwnReadable, {std::string(kOwnHistory)}).boolean(0, 0)) {
    append_names(connection,
                 util::cat("select name from ", kOwnHistory, " order by applied_at, name limit ",
                           kMostShown),
                 names);
  }
  return names;
}

bool is_history_table(std::string_view name) {
  return std::ranges::find(kHistoryTables, name, &HistoryTable::name) != kHistoryTables.end() ||
         std::ranges::find(kBooks, name) != kBooks.end();
}

bool is_history_schema(std::string_view name) {
  return std::ranges::find(kBookSchemas, name) != kBookSchemas.end();
}

}  // namespace dump
