// The JSON documents and lines of the command line (contracts.md K9). The JSON library is known to
// json.cc only.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/evidence.h"
#include "backup/backup.h"
#include "compare/compare.h"
#include "guard/preflight.h"
#include "guard/rescue.h"
#include "guard/stray_run.h"
#include "guard/undo.h"
#include "ops/prune.h"
#include "ops/restore_tables.h"

namespace cli {

std::string step_event(std::string_view step, std::string_view state, std::string_view text);
std::string note_event(std::string_view event, std::string_view text);
std::string end_event(int exit, std::string_view outcome, std::string_view error,
                      std::string_view hint);
std::string backup_end_event(const backup::Backup& backup);
std::string migrate_end_event(const guard::Result& result);

std::string list_document(const std::filesystem::path& dir,
                          const std::vector<backup::Entry>& entries);
std::string show_document(const backup::Backup& backup, std::string_view manifest_json,
                          std::string_view proof_json);
std::string verify_document(std::string_view name, archive::Level asked,
                            const archive::Evidence& evidence);
std::string runs_document(const std::vector<guard::RunInfo>& runs);
// The same, and what the server tells of unfinished runs whose journals are elsewhere.
std::string status_document(const std::vector<guard::RunInfo>& runs,
                            const std::vector<guard::StrayRun>& elsewhere,
                            guard::RunState state_elsewhere);
std::string doctor_document(const std::vector<guard::Line>& lines);
std::string prune_document(const std::vector<ops::MadeDatabase>& databases);
std::string rescue_document(const std::vector<guard::SavedTable>& tables);
std::string restore_document(std::string_view backup, std::string_view database,
                             std::string_view kept);
std::string restored_tables_document(std::string_view backup,
                                     const ops::TableRestoreResult& result);

// Without rows one document; behind the lines of rows one line.
std::string diff_document(std::string_view a, std::string_view b, const compare::Report& report,
                          bool with_rows);
// A line for each row: {"event":"row","table","change","before":{…},"after":{…}}. A value is a
// string in PostgreSQL's text form, or null. Kind::Usage at a row that is not UTF-8.
class JsonRows : public compare::RowListener {
 public:
  explicit JsonRows(std::optional<compare::Change> only) : only_(only) {}
  void begin(const compare::TableRows& table) override;
  void row(const compare::RowChange& change) override;
  void finish();  // gives what is still buffered

 private:
  const std::optional<compare::Change> only_;
  std::string table_;
  std::vector<std::string> columns_;
  std::string text_;
};

}  // namespace cli
