// manifest.json. Writer and reader of each record stand together, in the order of manifest.h.
#include <cmath>

#include "archive/json_fields.h"
#include "archive/manifest.h"
#include "util/error.h"
#include "util/text.h"

namespace archive {

namespace {
constexpr std::string_view kFile = "manifest.json";

template <typename Record, typename Write>
Json list_of(const std::vector<Record>& records, Write write) {
  Json array = Json::array();
  for (const Record& record : records) array.push_back(write(record));
  return array;
}

template <typename Record, typename Read>
std::vector<Record> read_list(const JsonFields& from, std::string_view key, Read read) {
  std::vector<Record> records;
  for (const JsonFields& fields : from.objects(key)) records.push_back(read(fields));
  return records;
}

// A number that JSON can hold; what is not finite becomes 0.
double finite(double value) { return std::isfinite(value) ? value : 0; }

// The whole of contracts.md K13: what the fingerprint is of belongs to it.
Json write_fingerprint(const codec::Fingerprint& fingerprint,
                       const std::vector<std::string>& columns) {
  return {{"algorithm", codec::kFingerprintAlgorithm},
          {"columns", json_texts(columns)},
          {"rows", fingerprint.rows},
          {"value", fingerprint.value()}};
}

struct ReadFingerprint {
  codec::Fingerprint fingerprint;
  std::vector<std::string> columns;
};

ReadFingerprint read_fingerprint(const JsonFields& from) {
  if (from.text("algorithm") != codec::kFingerprintAlgorithm)
    from.refuse("algorithm", "is not known");
  const auto fingerprint = codec::Fingerprint::parse(from.number("rows"), from.text("value"));
  if (!fingerprint) from.refuse("value", "is not 32 hexadecimal digits");
  return {.fingerprint = *fingerprint, .columns = from.texts("columns")};
}

Json write_file(const FileRecord& file) {
  return {{"name", json_text(file.name)},
          {"bytes", file.bytes},
          {"sha256", json_text(file.sha256)},
          {"description", json_text(file.description)}};
}

FileRecord read_file(const JsonFields& from) {
  return {.name = from.text("name"),
          .bytes = from.number("bytes"),
          .sha256 = from.text("sha256"),
          .description = from.text("description")};
}

Json write_piece(const PieceRecord& piece) {
  return {{"rows", piece.rows},
          {"raw_bytes", piece.raw_bytes},
          {"deflated_bytes", piece.deflated_bytes},
          {"dump_offset", piece.dump_offset},
          {"sql_offset", piece.sql_offset},
          {"crc32", piece.crc32 ? Json(*piece.crc32) : Json(nullptr)}};
}

std::optional<std::uint32_t> read_crc32(const JsonFields& from) {
  const std::optional<std::uint64_t> sum = from.optional_number("crc32");
  if (!sum) return std::nullopt;
  if (*sum > 0xFFFFFFFFU) from.refuse("crc32", "has more than 32 bits");
  return static_cast<std::uint32_t>(*sum);
}

PieceRecord read_piece(const JsonFields& from) {
  return {.rows = from.number("rows"),
          .raw_bytes = from.number("raw_bytes"),
          .deflated_bytes = from.number("deflated_bytes"),
          .dump_offset = from.number("dump_offset"),
          .sql_offset = from.number("sql_offset"),
          .crc32 = read_crc32(from)};
}

Json write_table(const TableRecord& table) {
  const bool generated = !table.generated_columns.empty();
  return {{"schema", json_text(table.schema)},
          {"table", json_text(table.table)},
          {"dump_id", table.dump_id},
          {"filter", json_text(table.filter)},
          {"loaded_through",
           table.loaded_through.empty() ? Json(nullptr) : json_text(table.loaded_through)},
          {"fingerprint", write_fingerprint(table.fingerprint, table.columns)},
          {"generated",
           generated ? write_fingerprint(table.generated, table.generated_columns) : Json(nullptr)},
          {"raw_bytes", table.raw_bytes},
          {"csv_file", json_text(table.csv_file)},
          {"csv_raw_bytes", table.csv_raw_bytes},
          {"pieces", list_of(table.pieces, write_piece)}};
}

TableRecord read_table(const JsonFields& from) {
  TableRecord table{.schema = from.text("schema"),
                    .table = from.text("table"),
                    .dump_id = from.small_number("dump_id"),
                    .filter = from.text("filter"),
                    .raw_bytes = from.number("raw_bytes"),
                    .csv_file = from.text("csv_file"),
                    .csv_raw_bytes = from.number("csv_raw_bytes"),
                    .pieces = read_list<PieceRecord>(from, "pieces", read_piece)};
  ReadFingerprint rows = read_fingerprint(from.object("fingerprint"));
  table.fingerprint = rows.fingerprint;
  table.columns = std::move(rows.columns);
  if (from.has("loaded_through")) table.loaded_through = from.text("loaded_through");
  if (from.has("generated")) {
    ReadFingerprint generated = read_fingerprint(from.object("generated"));
    table.generated = generated.fingerprint;
    table.generated_columns = std::move(generated.columns);
  }
  return table;
}

Json write_sequence(const SequenceRecord& sequence) {
  return {{"schema", json_text(sequence.schema)},
          {"name", json_text(sequence.name)},
          {"last_value", sequence.last_value},
          {"is_called", sequence.is_called}};
}

SequenceRecord read_sequence(const JsonFields& from) {
  return {.schema = from.text("schema"),
          .name = from.text("name"),
          .last_value = from.signed_number("last_value"),
          .is_called = from.flag("is_called")};
}

Json write_large_object(const LargeObjectRecord& object) {
  return {{"oid", object.oid},
          {"owner", json_text(object.owner)},
          {"acl", json_text(object.acl)},
          {"comment", json_text(object.comment)},
          {"bytes", object.bytes},
          {"sha256", json_text(object.sha256)}};
}

LargeObjectRecord read_large_object(const JsonFields& from) {
  return {.oid = from.oid("oid"),
          .owner = from.text("owner"),
          .acl = from.text("acl"),
          .comment = from.text("comment"),
          .bytes = from.number("bytes"),
          .sha256 = from.text("sha256")};
}

Json write_materialized_view(const MaterializedViewRecord& view) {
  return {{"schema", json_text(view.schema)},
          {"name", json_text(view.name)},
          {"populated", view.populated},
          {"fingerprint", write_fingerprint(view.fingerprint, view.columns)}};
}

MaterializedViewRecord read_materialized_view(const JsonFields& from) {
  ReadFingerprint rows = read_fingerprint(from.object("fingerprint"));
  return {.schema = from.text("schema"),
          .name = from.text("name"),
          .populated = from.flag("populated"),
          .columns = std::move(rows.columns),
          .fingerprint = rows.fingerprint};
}

Json write_grant(const DatabaseRecord::Grant& grant) {
  return {{"grantor", json_text(grant.grantor)},
          {"grantee", json_text(grant.grantee)},
          {"privilege", json_text(grant.privilege)},
          {"grantable", grant.grantable}};
}

DatabaseRecord::Grant read_grant(const JsonFields& from) {
  return {.grantor = from.text("grantor"),
          .grantee = from.text("grantee"),
          .privilege = from.text("privilege"),
          .grantable = from.flag("grantable")};
}

Json write_setting(const DatabaseRecord::Setting& setting) {
  return {{"role", json_text(setting.role)},
          {"name", json_text(setting.name)},
          {"value", json_text(setting.value)}};
}

DatabaseRecord::Setting read_setting(const JsonFields& from) {
  return {.role = from.text("role"), .name = from.text("name"), .value = from.text("value")};
}

using SecurityLabel = std::pair<std::string, std::string>;

Json write_label(const SecurityLabel& label) {
  return {{"provider", json_text(label.first)}, {"label", json_text(label.second)}};
}

SecurityLabel read_label(const JsonFields& from) {
  return {from.text("provider"), from.text("label")};
}

Json write_database(const DatabaseRecord& database) {
  return {{"owner", json_text(database.owner)},
          {"encoding", json_text(database.encoding)},
          {"locale_provider", json_text(database.locale_provider)},
          {"collate", json_text(database.collate)},
          {"ctype", json_text(database.ctype)},
          {"icu_locale", json_text(database.icu_locale)},
          {"icu_rules", json_text(database.icu_rules)},
          {"tablespace", json_text(database.tablespace)},
          {"connection_limit", database.connection_limit},
          {"is_template", database.is_template},
          {"default_acl", database.default_acl},
          {"grants", list_of(database.grants, write_grant)},
          {"settings", list_of(database.settings, write_setting)},
          {"comment", json_text(database.comment)},
          {"security_labels", list_of(database.security_labels, write_label)}};
}

DatabaseRecord read_database(const JsonFields& from) {
  return {.owner = from.text("owner"),
          .encoding = from.text("encoding"),
          .locale_provider = from.text("locale_provider"),
          .collate = from.text("collate"),
          .ctype = from.text("ctype"),
          .icu_locale = from.text("icu_locale"),
          .icu_rules = from.text("icu_rules"),
          .tablespace = from.text("tablespace"),
          .connection_limit = from.signed_number("connection_limit"),
          .is_template = from.flag("is_template"),
          .default_acl = from.flag("default_acl"),
          .grants = read_list<DatabaseRecord::Grant>(from, "grants", read_grant),
          .settings = read_list<DatabaseRecord::Setting>(from, "settings", read_setting),
          .comment = from.text("comment"),
          .security_labels = read_list<SecurityLabel>(from, "security_labels", read_label)};
}

Json write_object(const ObjectRecord& object) {
  return {{"type", json_text(object.type)}, {"identity", json_text(object.identity)}};
}

ObjectRecord read_object(const JsonFields& from) {
  return {.type = from.text("type"), .identity = from.text("identity")};
}

Json write_extension(const ExtensionRecord& extension) {
  return {{"name", json_text(extension.name)},
          {"version", json_text(extension.version)},
          {"schema", json_text(extension.schema)}};
}

ExtensionRecord read_extension(const JsonFields& from) {
  return {
      .name = from.text("name"), .version = from.text("version"), .schema = from.text("schema")};
}

constexpr std::string_view kZstd = "zstd";

Json write_compression(const codec::PieceFormat& format) {
  return {{"method", format.method == codec::Method::Zstd ? kZstd : "gzip"},
          {"level", format.level}};
}

codec::PieceFormat read_compression(const JsonFields& from) {
  return {.method = from.text("method") == kZstd ? codec::Method::Zstd : codec::Method::Deflate,
          .level = from.small_number("level")};
}

void write_origin(Json& document, const Manifest& manifest) {
  document["name"] = json_text(manifest.name);
  document["label"] = json_text(manifest.label);
  document["run"] = json_text(manifest.run);
  document["pgbelay_version"] = json_text(manifest.pgbelay_version);
  document["pg_dump_version"] = json_text(manifest.pg_dump_version);
  document["schema_from"] = manifest.pg_dump_version.empty() ? "catalog" : "pg_dump";
  document["created_at"] = json_text(manifest.created_at);
  document["duration_s"] = finite(manifest.duration_s);
  document["database"] = json_text(manifest.database);
  document["source"] = json_text(manifest.source);
  document["system_identifier"] = json_text(manifest.system_identifier);
  document["server_version"] = json_text(manifest.server_version);
  document["server_version_num"] = manifest.server_version_num;
  document["encoding"] = json_text(manifest.encoding);
  document["snapshot"] = json_text(manifest.snapshot);
  document["archive_version"] = json_text(manifest.archive_version);
  document["formats"] = json_texts(manifest.formats);
  if (manifest.compression) document["compression"] = write_compression(*manifest.compression);
  document["sql"] = {{"owners", manifest.sql.owners == Include::Yes},
                     {"acls", manifest.sql.acls == Include::Yes}};
}

void read_origin(const JsonFields& from, Manifest& manifest) {
  manifest.name = from.text("name");
  manifest.label = from.text("label");
  manifest.run = from.text("run");
  manifest.pgbelay_version = from.text("pgbelay_version");
  manifest.pg_dump_version = from.text("pg_dump_version");
  manifest.created_at = from.text("created_at");
  manifest.duration_s = from.real("duration_s");
  manifest.database = from.text("database");
  manifest.source = from.text("source");
  manifest.system_identifier = from.text("system_identifier");
  manifest.server_version = from.text("server_version");
  manifest.server_version_num = from.small_number("server_version_num");
  manifest.encoding = from.text("encoding");
  manifest.snapshot = from.text("snapshot");
  manifest.archive_version = from.text("archive_version");
  manifest.formats = from.texts("formats");
  if (from.has("compression")) manifest.compression = read_compression(from.object("compression"));
  const JsonFields sql = from.object("sql");
  manifest.sql.owners = sql.flag("owners") ? Include::Yes : Include::No;
  manifest.sql.acls = sql.flag("acls") ? Include::Yes : Include::No;
}

Json write_follows(const Manifest::Follows& follows) {
  return {{"name", json_text(follows.name)},
          {"sums_sha256", json_text(follows.sums_sha256)},
          {"large_objects", follows.large_objects}};
}

Manifest::Follows read_follows(const JsonFields& from) {
  return {.name = from.text("name"),
          .sums_sha256 = from.text("sums_sha256"),
          .large_objects = from.flag("large_objects")};
}

void require_known_format(const JsonFields& from) {
  const std::uint64_t format = from.number("format");
  if (format == 0) from.refuse("format", "is 0");
  if (format <= static_cast<std::uint64_t>(kManifestFormat)) return;
  throw util::Error(
      util::Kind::Usage,
      util::cat(kFile, ": format ", format,
                ", made by a newer pgbelay; this one reads formats up to ", kManifestFormat),
      {.hint = "update pgbelay; the archive itself can be read by pg_restore"});
}
}  // namespace

std::string to_json(const Manifest& manifest) {
  Json document = Json::object();
  document["format"] = kManifestFormat;
  write_origin(document, manifest);
  document["follows"] = manifest.follows ? write_follows(*manifest.follows) : Json(nullptr);
  document["properties"] = write_database(manifest.properties);
  document["has_public_schema"] = manifest.has_public_schema;
  document["has_plpgsql"] = manifest.has_plpgsql;
  document["extensions"] = list_of(manifest.extensions, write_extension);
  document["tables"] = list_of(manifest.tables, write_table);
  document["sequences"] = list_of(manifest.sequences, write_sequence);
  document["large_objects"] = list_of(manifest.large_objects, write_large_object);
  document["materialized_views"] = list_of(manifest.materialized_views, write_materialized_view);
  document["objects"] = list_of(manifest.objects, write_object);
  document["applied_migrations"] = json_texts(manifest.applied_migrations);
  document["files"] = list_of(manifest.files, write_file);
  return json_document(document);
}

Manifest manifest_from_json(std::string_view json) {
  const Json document = parse_document(json, kFile);
  const JsonFields fields(document, std::string(kFile));
  require_known_format(fields);
  Manifest manifest;
  read_origin(fields, manifest);
  if (fields.has("follows")) manifest.follows = read_follows(fields.object("follows"));
  manifest.properties = read_database(fields.object("properties"));
  manifest.has_public_schema = fields.flag("has_public_schema");
  manifest.has_plpgsql = fields.flag("has_plpgsql");
  manifest.extensions = read_list<ExtensionRecord>(fields, "extensions", read_extension);
  manifest.tables = read_list<TableRecord>(fields, "tables", read_table);
  manifest.sequences = read_list<SequenceRecord>(fields, "sequences", read_sequence);
  manifest.large_objects = read_list<LargeObjectRecord>(fields, "large_objects", read_large_object);
  manifest.materialized_views =
      read_list<MaterializedViewRecord>(fields, "materialized_views", read_materialized_view);
  manifest.objects = read_list<ObjectRecord>(fields, "objects", read_object);
  manifest.applied_migrations = fields.texts("applied_migrations");
  manifest.files = read_list<FileRecord>(fields, "files", read_file);
  return manifest;
}

}  // namespace archive
