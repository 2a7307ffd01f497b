// Rows that others wrote and an undo took away: saved in the run's folder, and put back on request.
//
// Before the migration begins every difference from the backup is somebody else's: those rows are
// "certain". What differs between the backup and the failed database beyond that may be others' or
// the migration's: "unknown". Compared is with the backup's files (and the follow-up's), so that
// nobody has to hold still for it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "guard/marks.h"
#include "guard/run.h"
#include "guard/take_back.h"
#include "pg/ident.h"

namespace guard {

constexpr const char* kForeignFolder = "foreign";  // in the run's

// At the gate, when others are there and nothing keeps them out: what they changed since the
// snapshot, in the tables that changed. `at_snapshot` tells which.
void save_certain_rows(const RunContext& context, const backup::Backup& backup,
                       const WriteMarks& at_snapshot, std::stop_token stop);

// What `database` has that the backup has not: after an undo the kept one, which is opened for that
// and closed again, or, before its contents are replaced, the guarded one itself. Adds to the
// certain ones. A line for people; empty if nothing differs.
std::string save_unknown_rows(const RunContext& context, const backup::Backup& backup,
                              const std::string& database, std::stop_token stop);

struct SavedTable {
  pg::QualifiedName name;
  std::uint64_t certain = 0, unknown = 0;  // rows
  std::filesystem::path sql, csv;
};
std::vector<SavedTable> saved_tables(const std::filesystem::path& run_folder);

struct RescueOptions {
  pg::ConnInfo database;
  std::filesystem::path dir;
  std::string reference;            // RUN
  std::vector<std::string> tables;  // patterns as of `extract --table`; empty: all
  bool unknown = false;             // those rows as well
};
// What is saved; Kind::Usage if the run has saved nothing, or a pattern fits nothing.
std::vector<SavedTable> rescued(const RescueOptions& options);
// Puts them back in one transaction: the number of rows. A row that is not as the undo left it any
// more is Kind::Query naming it, and nothing is changed.
std::uint64_t put_back(const RescueOptions& options, util::Reporter& reporter,
                       std::stop_token stop);

}  // namespace guard
