// The schema of a database as stock pg_dump writes it, at a given snapshot.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "archive/toc.h"
#include "dump/pg_dump_program.h"
#include "pg/conninfo.h"
#include "util/reporter.h"

namespace dump {

struct SchemaSource {
  PgDumpProgram program;
  pg::ConnInfo source;
  std::string application_name;
  std::string snapshot;           // id of an exported one
  std::filesystem::path scratch;  // a file that does not exist; gone afterwards
};

// Runs pg_dump --schema-only and reads the contents it wrote. Warnings of pg_dump are noted.
// Failure: Kind::Backup with what pg_dump said.
archive::Toc read_schema(const SchemaSource& options, util::Reporter& reporter,
                         const std::stop_token& stop);

}  // namespace dump
