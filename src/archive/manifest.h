// manifest.json and manifest.txt: what a backup holds, for programs and for people. Read by every
// later version; unknown fields are ignored, a larger "format" is refused (contracts.md K11).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/sql_file.h"
#include "codec/fingerprint.h"
#include "codec/piece_format.h"

namespace archive {

constexpr int kManifestFormat = 1;

struct FileRecord {
  std::string name;  // relative to the backup's directory
  std::uint64_t bytes = 0;
  std::string sha256;
  std::string description;  // for people
};

// One piece of a table's data: whole rows, decodable on its own.
struct PieceRecord {
  std::uint64_t rows = 0;
  std::uint64_t raw_bytes = 0;
  std::uint64_t deflated_bytes = 0;
  std::uint64_t dump_offset = 0;  // in full_backup.dump; chunk lengths lie between its chunks
  std::uint64_t sql_offset = 0;   // in full_backup.sql.gz, contiguous; 0 if there is none
  std::optional<std::uint32_t> crc32 = {};  // of the rows; says which piece is damaged
  friend bool operator==(const PieceRecord&, const PieceRecord&) = default;
};

struct TableRecord {
  std::string schema;
  std::string table;
  int dump_id = 0;                   // of its TABLE DATA entry
  std::vector<std::string> columns;  // as in the copy statement
  std::string filter;                // condition of an extension's configuration table, else empty
  // The partitioned table (schema.table) through which it is loaded, else empty. Rows may then come
  // back in another partition of it: only the sum of all fingerprints with the same value is what
  // it was.
  std::string loaded_through;
  codec::Fingerprint fingerprint;  // of all rows
  // Stored generated columns, by a query of their own (S14); rows 0 and no columns where there are
  // none.
  std::vector<std::string> generated_columns;
  codec::Fingerprint generated;
  std::uint64_t raw_bytes = 0;  // of COPY text
  std::string csv_file;         // relative; empty if not made
  std::uint64_t csv_raw_bytes = 0;
  std::vector<PieceRecord> pieces;
};

struct SequenceRecord {
  std::string schema;
  std::string name;
  std::int64_t last_value = 0;
  bool is_called = false;
};

struct LargeObjectRecord {
  std::uint32_t oid = 0;
  std::string owner;
  std::string acl;  // aclitem[] as text, "" = default
  std::string comment;
  std::uint64_t bytes = 0;
  std::string sha256;  // of its content
};

struct MaterializedViewRecord {
  std::string schema;
  std::string name;
  bool populated = false;
  std::vector<std::string> columns;
  codec::Fingerprint fingerprint;  // at the snapshot
};

// As pg::DatabaseProperties, for readers that know no server.
struct DatabaseRecord {
  std::string owner, encoding, locale_provider, collate, ctype, icu_locale, icu_rules, tablespace;
  std::int64_t connection_limit = -1;
  bool is_template = false;
  bool default_acl = true;
  struct Grant {
    std::string grantor, grantee, privilege;
    bool grantable = false;
  };
  std::vector<Grant> grants;
  struct Setting {
    std::string role, name, value;
  };
  std::vector<Setting> settings;
  std::string comment;
  std::vector<std::pair<std::string, std::string>> security_labels;
};

// One object of the database by its stable identity (pg_identify_object: type and identity).
struct ObjectRecord {
  std::string type;
  std::string identity;
  friend auto operator<=>(const ObjectRecord&, const ObjectRecord&) = default;
};

struct ExtensionRecord {
  std::string name, version, schema;
};

struct Manifest {
  std::string name;  // of the backup
  std::string label;
  std::string run;  // id of the run it belongs to, else empty
  std::string pgbelay_version;
  std::string pg_dump_version;  // of the schema's reader
  std::string created_at;       // RFC 3339; the moment of the snapshot
  double duration_s = 0;
  std::string database;
  std::string source;  // sanitised URL
  std::string system_identifier;
  std::string server_version;
  int server_version_num = 0;
  std::string encoding;                           // of the data
  std::string snapshot;                           // pg_current_snapshot at the moment
  std::string archive_version;                    // 1.14
  std::vector<std::string> formats;               // dump, sql, csv
  std::optional<codec::PieceFormat> compression;  // of all but CSV; backups before it say nothing
  SqlFileOptions sql;
  DatabaseRecord properties;
  std::vector<ExtensionRecord> extensions;
  std::vector<TableRecord> tables;
  std::vector<SequenceRecord> sequences;
  std::vector<LargeObjectRecord> large_objects;
  std::vector<MaterializedViewRecord> materialized_views;
  std::vector<ObjectRecord> objects;  // sorted; without members of extensions
  bool has_public_schema = true;
  bool has_plpgsql = true;
  std::vector<std::string> applied_migrations;  // what the known history tables list, newest last
  std::vector<FileRecord> files;                // all but manifest.json and SHA256SUMS

  // A follow-up: only what had changed since another backup. Tables and large objects that are not
  // in it are as there; all else (definitions, positions of sequences) is whole.
  struct Follows {
    std::string name;            // of that backup
    std::string sums_sha256;     // its identity
    bool large_objects = false;  // all of them are in it
  };
  std::optional<Follows> follows;

  std::uint64_t rows() const noexcept;   // of all tables
  std::uint64_t bytes() const noexcept;  // of all files
};

std::string to_json(const Manifest& manifest);
// Kind::Damage naming the field, or Kind::Usage "made by a newer pgbelay".
Manifest manifest_from_json(std::string_view json);
// manifest.txt: what, when, where from, how to restore with and without pgbelay (S16).
std::string to_text(const Manifest& manifest);
// Lines that `sha256sum -c` accepts, names escaped as it wants.
std::string sha256sums(const std::vector<FileRecord>& files);
struct SumLine {
  std::string sha256, name;
};
std::vector<SumLine> parse_sha256sums(std::string_view text);

}  // namespace archive
