// A backup directory made without our own dump: the archive by the stock pg_dump, the manifest by
// reading the database. What verify says of it depends on nothing that wrote it.
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "archive/custom_file.h"
#include "backup/backup.h"
#include "codec/sha256.h"
#include "pg/database_properties.h"
#include "pg/server_facts.h"
#include "pg/session.h"
#include "scan/table.h"
#include "schema/objects.h"
#include "support/server.h"
#include "util/files.h"
#include "util/subprocess.h"
#include "util/text.h"
#include "verify/verify.h"

namespace verify {

inline archive::DatabaseRecord record_of(const pg::DatabaseProperties& from) {
  archive::DatabaseRecord to{.owner = from.owner,
                             .encoding = from.encoding,
                             .locale_provider = from.locale_provider,
                             .collate = from.collate,
                             .ctype = from.ctype,
                             .icu_locale = from.icu_locale,
                             .icu_rules = from.icu_rules,
                             .tablespace = from.tablespace,
                             .connection_limit = from.connection_limit,
                             .is_template = from.is_template,
                             .default_acl = from.default_acl,
                             .grants = {},
                             .settings = {},
                             .comment = from.comment,
                             .security_labels = from.security_labels};
  for (const pg::DatabaseGrant& grant : from.grants) {
    to.grants.push_back({grant.grantor, grant.grantee, grant.privilege, grant.grantable});
  }
  for (const pg::DatabaseSetting& setting : from.settings) {
    to.settings.push_back({setting.role, setting.name, setting.value});
  }
  return to;
}

inline void read_tables(pg::Connection& connection, archive::Manifest& manifest) {
  for (const scan::Table& table : scan::list_tables(connection)) {
    archive::TableRecord record;
    record.schema = table.name.schema;
    record.table = table.name.name;
    record.columns = table.columns;
    record.filter = table.filter;
    connection.copy_out(scan::copy_out_statement(table.name, table.columns, table.filter, {}),
                        [&record](std::span<const std::byte> row) {
                          record.raw_bytes += row.size();
                          record.fingerprint.add_row(row.first(row.size() - 1));
                        });
    record.generated_columns = table.generated;
    if (!table.generated.empty()) {
      record.generated =
          scan::fingerprint_by_query(connection, table.name, table.generated, table.filter);
    }
    manifest.tables.push_back(std::move(record));
  }
}

inline void read_others(pg::Connection& connection, archive::Manifest& manifest) {
  for (const scan::Sequence& sequence : scan::list_sequences(connection)) {
    manifest.sequences.push_back(
        {sequence.name.schema, sequence.name.name, sequence.last_value, sequence.is_called});
  }
  for (const scan::MaterializedView& view : scan::list_materialized_views(connection)) {
    archive::MaterializedViewRecord record{
        view.name.schema, view.name.name, view.populated, view.columns, {}};
    if (view.populated)
      record.fingerprint = scan::fingerprint_by_query(connection, view.name, view.columns, "");
    manifest.materialized_views.push_back(std::move(record));
  }
  const pg::Transaction transaction(connection);
  for (const scan::LargeObject& object : scan::list_large_objects(connection)) {
    const scan::LargeObjectSum sum =
        scan::sum_large_objects(connection, std::array{object.oid}).front();
    manifest.large_objects.push_back(
        {object.oid, object.owner, object.acl, object.comment, sum.bytes, sum.sha256});
  }
}

inline archive::Manifest read_manifest(pg::Connection& connection) {
  archive::Manifest manifest;
  manifest.name = "2026-11-20_143052_test";
  manifest.label = "test";
  manifest.created_at = "2026-11-20T14:30:52Z";
  manifest.database = connection.database();
  manifest.encoding = pg::database_encoding(connection);
  manifest.archive_version = "1.14";
  manifest.formats = {"dump"};
  manifest.server_version = connection.server_version_text();
  manifest.server_version_num = connection.server_version();
  manifest.properties = record_of(pg::read_properties(connection, connection.database()));
  pg::pin_settings(connection, manifest.encoding);
  const schema::TemplateObjects from_template = schema::template_objects(connection);
  manifest.has_public_schema = from_template.public_schema;
  manifest.has_plpgsql = from_template.plpgsql;
  for (const schema::Extension& extension : schema::list_extensions(connection)) {
    manifest.extensions.push_back({extension.name, extension.version, extension.schema});
  }
  for (const schema::Object& object : schema::list_objects(connection)) {
    manifest.objects.push_back({object.type, object.identity});
  }
  read_tables(connection, manifest);
  read_others(connection, manifest);
  return manifest;
}

class VerifyTest : public test::ServerTest {
 protected:
  void TearDown() override {
    pg::Connection maintenance = test::test_server().connect();
    swap::drop_side(maintenance, options_.side_database);
  }

  // Of `source` as it is; with the evidence of a read-back, so that only what is above it is shown.
  backup::Backup make_backup(const test::TestDatabase& source) {
    const std::filesystem::path path = folder_.path() / "2026-11-20_143052_test";
    std::filesystem::create_directory(path);
    const util::Captured dumped =
        util::capture({.argv = {(test::server_bin_directory() / "pg_dump").string(), "-Fc", "-f",
                                (path / "full_backup.dump").string(), "-d", source.url()}});
    EXPECT_EQ(dumped.ended.status, 0) << dumped.err;
    pg::Connection connection = source.connect();
    archive::Manifest manifest = read_manifest(connection);
    manifest.files.push_back(file_record(path, "full_backup.dump"));
    give_dump_ids(path / "full_backup.dump", manifest);
    util::publish_text(path / "manifest.json", archive::to_json(manifest));
    const std::string sums =
        archive::sha256sums({manifest.files.front(), file_record(path, "manifest.json")});
    util::publish_text(path / "SHA256SUMS", sums);
    archive::Evidence evidence;
    evidence.level = archive::Level::ReadBack;
    evidence.sums_sha256 = codec::sha256_of(sums);
    util::publish_text(path / "proof.json", archive::to_json(evidence));
    return backup::open(path);
  }

  Options at(archive::Level level) {
    Options options = options_;
    options.level = level;
    return options;
  }

  static archive::FileRecord file_record(const std::filesystem::path& path,
                                         const std::string& name) {
    return {name, std::filesystem::file_size(path / name), codec::sha256_of_file(path / name), {}};
  }

  static void give_dump_ids(const std::filesystem::path& file, archive::Manifest& manifest) {
    const archive::CustomFileReader reader(file);
    for (archive::TableRecord& table : manifest.tables) {
      for (const archive::TocEntry& entry : reader.toc().entries) {
        if (entry.desc == "TABLE DATA" && entry.tag == table.table &&
            entry.schema == table.schema) {
          table.dump_id = entry.dump_id;
        }
      }
    }
  }

  static bool exists(const std::string& database) {
    pg::Connection maintenance = test::test_server().connect();
    return pg::database_exists(maintenance, database);
  }

  util::TempDir folder_{"pgbelay-verify-test"};
  util::QuietReporter quiet_;
  Options options_{
      .server = test::have_server() ? test::test_server().conninfo() : pg::ConnInfo(),
      .maintenance_db = "template1",
      .application_name = "pgbelay-test",
      .side_database = swap::side_name("verified", swap::Purpose::Proof, "20261120143052"),
      .side_comment = "pgbelay run test",
      .jobs = 3,
      .version = "test"};
};

}  // namespace verify
