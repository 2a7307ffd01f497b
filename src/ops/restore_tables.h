// `restore --table`: single tables of a backup into a database that lives on, in one transaction.
//
// Guarantees: beside (the default), nothing that exists is changed or locked against anybody: the
// table appears as T__restored with its rows, indexes, constraints and sequences, and belongs to
// its owner alone. In place, the rows of T are replaced, everything that refers to T stays bound to
// it, and the rows that were there are kept as T__replaced_<key>. What was loaded is read back and
// compared with the fingerprint of the backup before the COMMIT.
// Failure: the database is as it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "ops/named.h"
#include "pg/conninfo.h"
#include "pg/ident.h"
#include "util/reporter.h"

namespace ops {

enum class Placement { Beside, InPlace };

struct TableRestoreOptions {
  Named from;
  std::vector<std::string> tables;  // patterns
  Placement placement = Placement::Beside;
  pg::ConnInfo server;  // the database to restore into
  std::string maintenance_db;
  std::filesystem::path dir;
  bool accept_superuser_functions = false;
  // Asked before rows are replaced; not asked when none are.
  std::function<bool(const std::vector<std::string>& lines)> confirm;
};

struct RestoredTable {
  pg::QualifiedName table;     // in the backup
  pg::QualifiedName restored;  // where its rows are now
  std::string kept;  // name, in the same schema, of what holds the replaced rows; empty if none
  std::uint64_t rows = 0;
};

struct TableRestoreResult {
  std::string database;
  bool proven = false;  // compared with fingerprints
  std::vector<RestoredTable> tables;
  std::vector<std::string> notes;  // what was left out or is different, for people
};

// Kind::Usage, Preflight or NotConfirmed before anything is done.
TableRestoreResult restore_tables(const TableRestoreOptions& options, util::Reporter& reporter,
                                  std::stop_token stop);

}  // namespace ops
