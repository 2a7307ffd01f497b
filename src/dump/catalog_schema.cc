#include "dump/catalog_schema.h"

#include <utility>

#include "dump/snapshot.h"
#include "dump/sql_dump.h"
#include "pg/connection.h"
#include "pg/ident.h"
#include "pg/session.h"
#include "schema/emit.h"
#include "util/text.h"

namespace dump {
namespace {

using archive::Section;
using archive::TocEntry;

constexpr archive::ArchiveVersion kNewest{1, 16};

Section section_of(schema::Part part) {
  switch (part) {
    case schema::Part::BeforeData:
      return Section::PreData;
    case schema::Part::AfterData:
      return Section::PostData;
    case schema::Part::None:
      break;
  }
  return Section::None;
}

void add_special_entries(archive::Toc& toc, const std::string& encoding) {
  const auto add = [&toc](const std::string& name, std::string definition) {
    TocEntry entry;
    entry.dump_id = static_cast<int>(toc.entries.size()) + 1;
    entry.tag = entry.desc = name;
    entry.section = Section::PreData;
    entry.definition = std::move(definition);
    entry.owner = "";
    toc.entries.push_back(std::move(entry));
  };
  add("ENCODING", util::cat("SET client_encoding = ", pg::quote_literal(encoding), ";\n"));
  add("STDSTRINGS", "SET standard_conforming_strings = 'on';\n");
  add("SEARCHPATH", "SELECT pg_catalog.set_config('search_path', '', false);\n");
}

TocEntry toc_entry(schema::Emitted emitted, int first_id) {
  TocEntry entry;
  entry.catalog_oid = util::cat(emitted.address.class_oid);
  entry.object_oid = util::cat(emitted.address.oid);
  entry.tag = std::move(emitted.tag);
  entry.desc = std::move(emitted.kind);
  entry.section = section_of(emitted.part);
  entry.definition = std::move(emitted.definition);
  if (emitted.drop && !emitted.drop->empty()) entry.drop = std::move(emitted.drop);
  entry.schema = std::move(emitted.schema);
  entry.tablespace = std::move(emitted.tablespace);
  entry.table_access_method = std::move(emitted.access_method);
  entry.relkind = static_cast<unsigned char>(emitted.relkind);
  entry.owner = std::move(emitted.owner);
  for (const std::size_t need : emitted.depends_on)
    entry.dependencies.push_back(first_id + static_cast<int>(need));
  return entry;
}

}  // namespace

archive::Toc read_catalog_schema(const CatalogSource& options, const std::stop_token& stop) {
  pg::Connection connection = pg::Connection::open(options.source, options.application_name, stop);
  if (options.on_session) options.on_session(connection.backend_pid());
  const pg::CancelOnStop cancel(connection, stop);
  pg::pin_settings(connection, options.encoding);
  pg::refuse_user_views(connection);
  const pg::Transaction transaction(connection, pg::Transaction::Mode::RepeatableReadOnly);
  connection.execute(sql::wait_little_for_locks());
  import_snapshot(connection, options.snapshot, stop);

  archive::Toc toc;
  toc.version = kNewest;
  toc.database = connection.database();
  toc.server_version = connection.server_version_text();
  toc.dumper_version = util::cat("pgbelay ", PGBELAY_VERSION);
  add_special_entries(toc, options.encoding);
  const int first_id = static_cast<int>(toc.entries.size()) + 1;
  for (schema::Emitted& emitted : schema::emit(connection)) {
    const int id = static_cast<int>(toc.entries.size()) + 1;
    toc.entries.push_back(toc_entry(std::move(emitted), first_id));
    toc.entries.back().dump_id = id;
  }
  return toc;
}

}  // namespace dump
