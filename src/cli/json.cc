#include "cli/json.h"

#include <nlohmann/json.hpp>

#include "util/clock.h"
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
          {"hint", optional_text(finding.hint)}};
}

std::string_view outcome_word(guard::Outcome outcome) {
  switch (outcome) {
    case guard::Outcome::Planned:
      return "planned";
    case guard::Outcome::NothingToDo:
      return "nothing-to-do";
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
                   {"result", result},
                   {"findings", std::move(findings)}});
}

std::string runs_document(const std::vector<guard::RunInfo>& runs) {
  ordered_json list = ordered_json::array();
  for (const guard::RunInfo& run : runs) {
    list.push_back({{"run", run.run},
                    {"database", run.database},
                    {"command", run.command},
                    {"state", guard::state_name(run.state)},
                    {"step", run.step},
                    {"exit", run.exit ? ordered_json(*run.exit) : ordered_json()},
                    {"started_at", run.started_at},
                    {"ended_at", optional_text(run.ended_at)},
                    {"backup", optional_text(run.backup)}});
  }
  return document({{"schema", "pgbelay.runs/1"}, {"runs", std::move(list)}});
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

std::string restore_document(std::string_view backup, std::string_view database,
                             std::string_view kept) {
  return document({{"schema", "pgbelay.restore/1"},
                   {"backup", backup},
                   {"database", database},
                   {"kept", optional_text(kept)}});
}

}  // namespace cli
