#include "dump/facts.h"

#include "pg/database_properties.h"
#include "pg/server_facts.h"
#include "schema/objects.h"

namespace dump {
namespace {

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

}  // namespace

void read_facts(Snapshot& snapshot, archive::Manifest& manifest) {
  using Read = void (*)(pg::Connection&, archive::Manifest&);
  const Read migrations = [](pg::Connection& connection, archive::Manifest& into) {
    into.applied_migrations = applied_migrations(connection);
  };
  for (const Read read : {Read{read_server}, Read{read_objects}, migrations}) {
    const Snapshot::Session session(snapshot);
    read(*session, manifest);
  }
}

}  // namespace dump
