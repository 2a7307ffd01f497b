// One read, three formats: a consistent snapshot of a database into an archive, an SQL file and CSV
// files.
//
// Guarantees: every table is locked before the snapshot exists (F1) and stays locked to the last
// COPY; the output is the same whatever the number of workers, but for the creation time; memory is
// bounded by workers and a reorder window, independent of table size. Failure: Kind::Connect,
// Privilege, Preflight before anything is read; afterwards whatever ended it. Nothing of what was
// written may then be used.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "archive/manifest.h"
#include "codec/piece_format.h"
#include "dump/pg_dump_program.h"
#include "pg/conninfo.h"
#include "pg/ident.h"
#include "util/reporter.h"

namespace dump {

struct Formats {
  bool sql = true;
  bool csv = true;
};

// A follow-up reads all definitions and positions of sequences, but the rows of these tables and
// materialised views only.
struct Portion {
  std::set<pg::QualifiedName> tables, views;
  archive::Manifest::Follows follows;
};

struct Options {
  pg::ConnInfo source;
  std::string application_name;
  std::filesystem::path directory;  // exists and is empty; gets full_backup.dump,
                                    // full_backup.sql.gz (or .zst), csv/, schema.json
  Formats formats;
  archive::SqlFileOptions sql;
  codec::PieceFormat compress;  // of archive and SQL file; zstd: servers from 16 on
  std::size_t jobs = 0;         // connections that read; 0: as many as cores, at most 8
  std::uint64_t rate = 0;       // at most so many bytes of rows a second; 0: no limit
  std::uint64_t max_load = 0;   // paused while more sessions of others are at work; 0: no limit
  std::chrono::milliseconds snapshot_warning{0};  // told when the snapshot gets so old; 0: never
  std::filesystem::path pg_dump;                  // empty: looked for
  std::optional<Portion> portion;                 // nothing: everything
  SchemaFrom schema_from = SchemaFrom::Auto;
  // Told once for every session that was opened on the source database and reached its first
  // ReadyForQuery, as soon as it is known (K1, F5): the guard counts them. The pid is 0 for that of
  // pg_dump. From any thread.
  std::function<void(int backend_pid)> on_session;
};

// Fills of the manifest everything that is known from the snapshot and from writing; name, label,
// run and duration are the caller's. `files` holds the data files.
archive::Manifest run(const Options& options, util::Reporter& reporter, std::stop_token stop);

}  // namespace dump
