#include "cli/json.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "archive/copy_text.h"
#include "cli/terminal.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

namespace cli {
namespace {

using nlohmann::ordered_json;

// Names need not be UTF-8: what is not is replaced, so a document can always be written.
std::string dump(const ordered_json& value, int indent) {
  return value.dump(indent, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}
std::string document(const ordered_json& value) { return dump(value, 2); }
std::string line(const ordered_json& value) { return dump(value, -1); }

ordered_json optional_text(std::string_view text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

ordered_json backup_object(const backup::Backup& backup) {
  const archive::Manifest& manifest = backup.manifest;
  ordered_json definition;  // of "proven" (contracts.md K3)
  if (backup.evidence) definition = backup.evidence->definition;
  return {{"name", manifest.name},
          {"path", backup.path.string()},
          {"label", manifest.label},
          {"database", manifest.database},
          {"system_identifier", manifest.system_identifier},
          {"server_version", manifest.server_version},
          {"created_at", manifest.created_at},
          {"duration_s", manifest.duration_s},
          {"bytes", manifest.bytes()},
          {"tables", manifest.tables.size()},
          {"rows", manifest.rows()},
          {"formats", manifest.formats},
          {"level", archive::level_name(backup.level())},
          {"definition", std::move(definition)},
          {"level_at", backup.evidence ? ordered_json(backup.evidence->at) : ordered_json()},
          {"damaged", backup.damaged()},
          {"pinned_by", ordered_json::array()},
          {"run", optional_text(manifest.run)}};
}

ordered_json finding_object(const archive::Finding& finding) {
  constexpr std::array<std::string_view, 3> kSeverities{"note", "accepted", "damage"};
  return {{"severity", kSeverities[static_cast<std::size_t>(finding.severity)]},
          {"code", finding.code},
          {"file", optional_text(finding.file)},
          {"table", optional_text(finding.table)},
          {"chunk", finding.piece ? ordered_json(*finding.piece) : ordered_json()},
          {"offset", finding.offset ? ordered_json(*finding.offset) : ordered_json()},
          {"text", finding.text},
          {"hint", optional_text(finding.hint)},
          {"recorded", optional_text(finding.recorded)},
          {"found", optional_text(finding.found)}};
}

std::string_view outcome_word(guard::Outcome outcome) {
  switch (outcome) {
    case guard::Outcome::Planned:
      return "planned";
    case guard::Outcome::NothingToDo:
      return "nothing-to-do";
    case guard::Outcome::Rehearsed:
      return "rehearsed";
    case guard::Outcome::Done:
      return "done";
    case guard::Outcome::Undone:
      return "undone";
    case guard::Outcome::NotUndone:
      return "not-undone";
  }
  return "";
}

}  // namespace

std::string step_event(std::string_view step, std::string_view state, std::string_view text) {
  return line({{"event", "step"},
               {"step", step},
               {"state", state == "…" ? "begin" : util::lower(state)},
               {"at", util::rfc3339(util::Clock::now())},
               {"text", text}});
}

std::string note_event(std::string_view event, std::string_view text) {
  return line({{"event", event}, {"at", util::rfc3339(util::Clock::now())}, {"text", text}});
}

std::string end_event(int exit, std::string_view outcome, std::string_view error,
                      std::string_view hint) {
  return line({{"event", "end"},
               {"exit", exit},
               {"outcome", outcome},
               {"error", optional_text(error)},
               {"hint", optional_text(hint)}});
}

std::string backup_end_event(const backup::Backup& backup) {
  return line(
      {{"event", "end"}, {"exit", 0}, {"outcome", "done"}, {"backup", backup_object(backup)}});
}

std::string migrate_end_event(const guard::Result& result) {
  return line({{"event", "end"},
               {"exit", result.exit_code},
               {"outcome", outcome_word(result.outcome)},
               {"run", optional_text(result.run)},
               {"backup", optional_text(result.backup)},
               {"kept", optional_text(result.kept)},
               {"error", optional_text(result.cause)}});
}

std::string list_document(const std::filesystem::path& dir,
                          const std::vector<backup::Entry>& entries) {
  ordered_json backups = ordered_json::array();
  for (const backup::Entry& entry : entries) {
    if (entry.backup) {
      backups.push_back(backup_object(*entry.backup));
    } else {
      backups.push_back({{"name", entry.name},
                         {"path", entry.path.string()},
                         {"damaged", true},
                         {"problem", entry.problem}});
    }
  }
  return document(
      {{"schema", "pgbelay.list/1"}, {"dir", dir.string()}, {"backups", std::move(backups)}});
}

std::string show_document(const backup::Backup& backup, std::string_view manifest_json,
                          std::string_view proof_json) {
  return document(
      {{"schema", "pgbelay.show/1"},
       {"backup", backup_object(backup)},
       {"manifest", ordered_json::parse(manifest_json)},
       {"evidence", proof_json.empty() ? ordered_json() : ordered_json::parse(proof_json)}});
}

std::string verify_document(std::string_view name, archive::Level asked,
                            const archive::Evidence& evidence) {
  ordered_json findings = ordered_json::array();
  for (const archive::Finding& finding : evidence.findings)
    findings.push_back(finding_object(finding));
  const std::string_view result = evidence.damaged         ? "damaged"
                                  : evidence.level < asked ? "incomplete"
                                                           : "ok";
  return document({{"schema", "pgbelay.verify/1"},
                   {"name", name},
                   {"asked", archive::level_name(asked)},
                   {"reached", archive::level_name(evidence.level)},
                   {"definition", evidence.definition},
                   {"result", result},
                   {"findings", std::move(findings)}});
}

std::string runs_document(const std::vector<guard::RunInfo>& runs) {
  return status_document(runs, {}, guard::RunState::Unfinished);
}

std::string status_document(const std::vector<guard::RunInfo>& runs,
                            const std::vector<guard::StrayRun>& elsewhere,
                            guard::RunState state_elsewhere) {
  ordered_json list = ordered_json::array();
  for (const guard::StrayRun& run : elsewhere) {
    if (!run.mark.unfinished()) continue;
    list.push_back({{"run", run.mark.run},
                    {"database", run.database},
                    {"command", ordered_json::array()},
                    {"state", guard::state_name(state_elsewhere)},
                    {"step", run.mark.begun == guard::Begun::Yes ? "migrate" : "hold"},
                    {"exit", ordered_json()},
                    {"started_at", ordered_json()},
                    {"ended_at", ordered_json()},
                    {"backup", ordered_json()},
                    {"undo_until", ordered_json()},
                    {"held", run.mark.hold ? optional_text(run.mark.hold->held) : ordered_json()},
                    {"elsewhere", run.mark.where}});
  }
  for (const guard::RunInfo& run : runs) {
    list.push_back({{"run", run.run},
                    {"database", run.database},
                    {"command", run.command},
                    {"state", guard::state_name(run.state)},
                    {"step", run.step},
                    {"exit", run.exit ? ordered_json(*run.exit) : ordered_json()},
                    {"started_at", run.started_at},
                    {"ended_at", optional_text(run.ended_at)},
                    {"backup", optional_text(run.backup)},
                    {"undo_until", optional_text(run.undo_until)},
                    {"held", optional_text(run.held)},
                    {"elsewhere", ordered_json()}});
  }
  return document({{"schema", "pgbelay.runs/1"}, {"runs", std::move(list)}});
}

std::string rescue_document(const std::vector<guard::SavedTable>& tables) {
  ordered_json list = ordered_json::array();
  for (const guard::SavedTable& table : tables) {
    list.push_back({{"table", table.name.display()},
                    {"certain", table.certain},
                    {"unknown", table.unknown},
                    {"sql", table.sql.string()},
                    {"csv", table.csv.string()}});
  }
  return document({{"schema", "pgbelay.rescue/1"}, {"tables", std::move(list)}});
}

std::string doctor_document(const std::vector<guard::Line>& lines) {
  constexpr std::array<std::string_view, 3> kVerdicts{"pass", "warn", "fail"};
  ordered_json findings = ordered_json::array();
  for (const guard::Line& finding : lines) {
    findings.push_back({{"severity", kVerdicts[static_cast<std::size_t>(finding.verdict)]},
                        {"code", finding.subject},
                        {"text", finding.text},
                        {"hint", optional_text(finding.remedy)}});
  }
  return document({{"schema", "pgbelay.doctor/1"}, {"findings", std::move(findings)}});
}

std::string prune_document(const std::vector<ops::MadeDatabase>& databases) {
  ordered_json list = ordered_json::array();
  for (const ops::MadeDatabase& one : databases) {
    list.push_back({{"name", one.name},
                    {"purpose", one.purpose},
                    {"run", optional_text(one.run)},
                    {"made_at", optional_text(one.made_at)},
                    {"bytes", one.bytes},
                    {"action", one.what == ops::Prune::Drop ? "drop" : "keep"},
                    {"reason", one.reason},
                    {"dropped", one.dropped}});
  }
  return document({{"schema", "pgbelay.prune/1"}, {"databases", std::move(list)}});
}

std::string restore_document(std::string_view backup, std::string_view database,
                             std::string_view kept) {
  return document({{"schema", "pgbelay.restore/1"},
                   {"backup", backup},
                   {"database", database},
                   {"kept", optional_text(kept)}});
}

std::string restored_tables_document(std::string_view backup,
                                     const ops::TableRestoreResult& result) {
  ordered_json tables = ordered_json::array();
  for (const ops::RestoredTable& table : result.tables) {
    tables.push_back({{"schema", table.table.schema},
                      {"table", table.table.name},
                      {"restored", table.restored.name},
                      {"kept", optional_text(table.kept)},
                      {"rows", table.rows}});
  }
  return document({{"schema", "pgbelay.restored-tables/1"},
                   {"backup", backup},
                   {"database", result.database},
                   {"proven", result.proven},
                   {"tables", std::move(tables)},
                   {"notes", result.notes}});
}

namespace {

constexpr std::size_t kBufferBytes = 64U << 10U;
constexpr std::array<std::string_view, 3> kChanges{"added", "changed", "deleted"};

template <typename Number>
ordered_json optional_number(const std::optional<Number>& number) {
  return number ? ordered_json(*number) : ordered_json();
}

ordered_json table_object(const compare::TableDifference& table) {
  constexpr std::array<std::string_view, 5> kWhat{"only-in-a", "only-in-b", "columns", "rows",
                                                  "generated"};
  ordered_json object{{"schema", table.name.schema},
                      {"table", table.name.name},
                      {"difference", kWhat[static_cast<std::size_t>(table.what)]},
                      {"rows_a", optional_number(table.rows_a)},
                      {"rows_b", optional_number(table.rows_b)}};
  object["added"] = table.counts ? ordered_json(table.counts->added) : ordered_json();
  object["changed"] = table.counts ? ordered_json(table.counts->changed) : ordered_json();
  object["deleted"] = table.counts ? ordered_json(table.counts->deleted) : ordered_json();
  object["columns_only_a"] = table.only_a;
  object["columns_only_b"] = table.only_b;
  return object;
}

ordered_json object_list(const std::vector<schema::Object>& objects) {
  ordered_json list = ordered_json::array();
  for (const schema::Object& object : objects)
    list.push_back({{"type", object.type}, {"identity", object.identity}});
  return list;
}

ordered_json large_object(const std::optional<compare::LargeObject>& object) {
  if (!object) return {};
  return {{"bytes", object->bytes},
          {"sha256", object->sha256},
          {"owner", object->owner},
          {"privileges", object->privileges},
          {"comment", object->comment}};
}

ordered_json row_object(const std::vector<std::string>& columns, std::string_view row) {
  if (!util::is_utf8(row)) {
    throw util::Error(util::Kind::Usage,
                      "a row has bytes that are not UTF-8, which JSON cannot hold",
                      {.hint = "Leave --json out, or take --as-sql.", .sqlstate = {}});
  }
  std::vector<std::optional<std::string>> fields = archive::parse_row(row);
  ordered_json object = ordered_json::object();
  for (std::size_t n = 0; n < std::min(columns.size(), fields.size()); ++n)
    object[columns[n]] = fields[n] ? ordered_json(*std::move(fields[n])) : ordered_json();
  return object;
}

}  // namespace

std::string diff_document(std::string_view a, std::string_view b, const compare::Report& report,
                          bool with_rows) {
  ordered_json tables = ordered_json::array();
  for (const compare::TableDifference& table : report.tables) tables.push_back(table_object(table));
  ordered_json sequences = ordered_json::array();
  for (const compare::SequenceDifference& sequence : report.sequences) {
    const auto position = [](const compare::Position& at) {
      return ordered_json{{"last_value", at.last_value}, {"is_called", at.is_called}};
    };
    sequences.push_back({{"schema", sequence.name.schema},
                         {"sequence", sequence.name.name},
                         {"a", position(sequence.a)},
                         {"b", position(sequence.b)}});
  }
  ordered_json large_objects = ordered_json::array();
  for (const compare::LargeObjectDifference& object : report.large_objects) {
    large_objects.push_back(
        {{"oid", object.oid}, {"a", large_object(object.a)}, {"b", large_object(object.b)}});
  }
  ordered_json document{{"schema", "pgbelay.diff/1"},
                        {"a", a},
                        {"b", b},
                        {"equal", report.equal()},
                        {"equal_tables", report.equal_tables},
                        {"equal_rows", report.equal_rows}};
  document["objects"] = {{"only_a", object_list(report.objects_only_a)},
                         {"only_b", object_list(report.objects_only_b)}};
  document["tables"] = std::move(tables);
  document["sequences"] = std::move(sequences);
  document["large_objects"] = std::move(large_objects);
  return dump(document, with_rows ? -1 : 2);
}

void JsonRows::begin(const compare::TableRows& table) {
  table_ = util::cat(table.name.schema, ".", table.name.name);
  columns_ = table.columns;
}

void JsonRows::row(const compare::RowChange& change) {
  using compare::Change;
  if (only_ && change.what != *only_) return;
  const bool added = change.what == Change::Added;
  const bool deleted = change.what == Change::Deleted;
  text_ += line({{"event", "row"},
                 {"table", table_},
                 {"change", kChanges[static_cast<std::size_t>(change.what)]},
                 {"before", added ? ordered_json() : row_object(columns_, change.before)},
                 {"after", deleted ? ordered_json() : row_object(columns_, change.after)}});
  if (text_.size() >= kBufferBytes) finish();
}

void JsonRows::finish() {
  print_rows(text_);
  text_.clear();
}

}  // namespace cli
