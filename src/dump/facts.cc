#include "dump/facts.h"

#include "codec/sha256.h"
#include "pg/database_properties.h"
#include "pg/server_facts.h"
#include "schema/json.h"
#include "schema/objects.h"
#include "schema/read.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace dump {
namespace {

constexpr std::string_view kQueryCanceled = "57014";

archive::DatabaseRecord record_of(const pg::DatabaseProperties& properties) {
  archive::DatabaseRecord record;
  record.owner = properties.owner;
  record.encoding = properties.encoding;
  record.locale_provider = properties.locale_provider;
  record.collate = properties.collate;
  record.ctype = properties.ctype;
  record.icu_locale = properties.icu_locale;
  record.icu_rules = properties.icu_rules;
  record.tablespace = properties.tablespace;
  record.connection_limit = properties.connection_limit;
  record.is_template = properties.is_template;
  record.default_acl = properties.default_acl;
  for (const pg::DatabaseGrant& grant : properties.grants) {
    record.grants.push_back({grant.grantor, grant.grantee, grant.privilege, grant.grantable});
  }
  for (const pg::DatabaseSetting& setting : properties.settings) {
    record.settings.push_back({setting.role, setting.name, setting.value});
  }
  record.comment = properties.comment;
  record.security_labels = properties.security_labels;
  return record;
}

void read_server(pg::Connection& connection, archive::Manifest& manifest) {
  const pg::ServerFacts facts = pg::server_facts(connection);
  manifest.database = connection.database();
  manifest.system_identifier = facts.system_identifier;
  manifest.server_version = facts.version_text;
  manifest.server_version_num = facts.version;
  manifest.properties = record_of(pg::read_properties(connection, connection.database()));
}

void read_objects(pg::Connection& connection, archive::Manifest& manifest) {
  for (schema::Object& object : schema::list_objects(connection)) {
    manifest.objects.push_back({std::move(object.type), std::move(object.identity)});
  }
  for (schema::Extension& extension : schema::list_extensions(connection)) {
    manifest.extensions.push_back(
        {std::move(extension.name), std::move(extension.version), std::move(extension.schema)});
  }
  const schema::TemplateObjects of_template = schema::template_objects(connection);
  manifest.has_public_schema = of_template.public_schema;
  manifest.has_plpgsql = of_template.plpgsql;
}

// In a subtransaction: what the server refuses here must not end the snapshot.
std::optional<schema::Model> read_model(pg::Connection& connection, util::Reporter& reporter) {
  connection.execute("savepoint pgbelay_schema");
  try {
    schema::Model model = schema::read(connection);
    connection.execute("release savepoint pgbelay_schema");
    return model;
  } catch (const util::Error& error) {
    const bool refused = error.kind() == util::Kind::Query || error.kind() == util::Kind::Privilege;
    if (!refused || error.sqlstate() == kQueryCanceled) throw;
    connection.execute("rollback to savepoint pgbelay_schema");
    reporter.warning(
        util::cat("the backup has no schema.json, and a proof compares objects by name only: ",
                  error.text()));
    return std::nullopt;
  }
}

archive::FileRecord write_model(const schema::Model& model,
                                const std::filesystem::path& directory) {
  const std::string text = schema::to_json(model);
  std::error_code ignored;
  std::filesystem::remove(directory / schema::kModelFileName, ignored);  // of an attempt before
  util::WriteFile file(directory / schema::kModelFileName);
  file.write(text);
  file.close();  // synced with all others when published
  return {std::string(schema::kModelFileName), text.size(), codec::sha256_of(text),
          "the schema, for comparison"};
}

}  // namespace

std::optional<archive::FileRecord> read_facts(Snapshot& snapshot,
                                              const std::filesystem::path& directory,
                                              archive::Manifest& manifest,
                                              util::Reporter& reporter) {
  using Read = void (*)(pg::Connection&, archive::Manifest&);
  const Read migrations = [](pg::Connection& connection, archive::Manifest& into) {
    into.applied_migrations = applied_migrations(connection);
  };
  for (const Read read : {Read{read_server}, Read{read_objects}, migrations}) {
    const Snapshot::Session session(snapshot);
    read(*session, manifest);
  }
  std::optional<schema::Model> model;
  {
    const Snapshot::Session session(snapshot);
    model = read_model(*session, reporter);
  }
  if (!model) return std::nullopt;
  return write_model(*model, directory);
}

}  // namespace dump
