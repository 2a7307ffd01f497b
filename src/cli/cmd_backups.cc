// list, show, verify: what is there, and what it is worth.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "archive/evidence.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "ops/backup.h"
#include "ops/named.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "util/text_diff.h"
#include "util/units.h"
#include "verify/verify.h"

namespace cli {
namespace {

using util::cat;

std::string age(const std::string& created_at) {
  const std::optional<util::Clock::time_point> when = util::parse_rfc3339(created_at);
  if (!when) return "?";
  const auto age = util::Clock::now() - *when;
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(age).count();
  if (hours < 1) {
    return cat(std::chrono::duration_cast<std::chrono::minutes>(age).count(), " min");
  }
  return hours < 48 ? cat(hours, " h") : cat(hours / 24, " d");
}

// Definition 1 of "proven" (contracts.md K3) shows less than the word says.
std::string reached(const archive::Evidence& evidence) {
  const bool by_name = evidence.level == archive::Level::Proven && evidence.definition == 1;
  return cat(archive::level_name(evidence.level), by_name ? " (objects by name only)" : "");
}

// What a backup is worth, in a word: below `restored` nobody has shown that it restores
// (contracts.md K10).
std::string worth(const backup::Backup& backup) {
  if (backup.damaged()) return "DAMAGED";
  const std::string_view level = archive::level_name(backup.level());
  if (backup.level() < archive::Level::Restored) return cat("unproven (", level, ")");
  return reached(*backup.evidence);
}

std::string list_table(const std::vector<backup::Entry>& entries) {
  std::size_t width = 4;
  for (const backup::Entry& entry : entries) width = std::max(width, entry.name.size());
  std::string out = fmt::format("{:<{}}  {:>8}  {:>6}  {:>6}  {}\n", "NAME", width, "SIZE", "AGE",
                                "TABLES", "PROOF");
  for (const backup::Entry& entry : entries) {
    if (!entry.backup) {
      out += fmt::format("{:<{}}  DAMAGED: {}\n", util::printable(entry.name), width,
                         util::printable(entry.problem));
      continue;
    }
    const archive::Manifest& manifest = entry.backup->manifest;
    out += fmt::format("{:<{}}  {:>8}  {:>6}  {:>6}  {}\n", entry.name, width,
                       util::show_size(manifest.bytes()), age(manifest.created_at),
                       manifest.tables.size(), worth(*entry.backup));
  }
  return out;
}

std::string finding_line(const archive::Finding& finding) {
  std::string where;
  const auto add = [&](const std::string& part) { where += cat(where.empty() ? "" : ", ", part); };
  if (!finding.file.empty()) add(util::printable(finding.file));
  if (!finding.table.empty()) add(util::printable(finding.table));
  if (finding.piece) add(cat("piece ", *finding.piece));
  if (finding.offset) add(cat("offset ", *finding.offset));
  const std::string_view kind = finding.severity == archive::Severity::Damage     ? "DAMAGE"
                                : finding.severity == archive::Severity::Accepted ? "accepted"
                                                                                  : "note";
  return cat(kind, "  ", finding.code, where.empty() ? "" : cat("  ", where), ": ",
             util::printable(finding.text), "\n");
}

// With what the definitions of an object differ in, below its line.
std::string finding_text(const archive::Finding& finding, std::string_view indent = "") {
  std::string out = cat(indent, finding_line(finding));
  for (const std::string& line : util::diff_lines(finding.recorded, finding.found))
    out += cat(indent, "    ", line, "\n");
  return out;
}

std::string optional_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::exists(path, ignored) ? util::read_text(path) : std::string();
}

// An archive that has no manifest: read back, and no more.
int verify_archive(const Invocation& invocation, const ops::Named& named, archive::Level level) {
  if (level > archive::Level::ReadBack) {
    throw util::Error(util::Kind::Usage,
                      cat(named.name(),
                          " was not made by pgbelay backup and has no fingerprints: "
                          "read-back is the most that can be shown of it"),
                      {.hint = cat("To see whether it restores: pgbelay restore ",
                                   named.archive.string(), " --to NEWNAME"),
                       .sqlstate = {}});
  }
  const util::Stopwatch watch;
  backup::ArchiveRead read =
      backup::read_back(named.archive, invocation.settings.count("jobs"), invocation.stop);
  archive::Evidence evidence;
  evidence.findings = std::move(read.findings);
  evidence.damaged = !evidence.findings.empty();
  evidence.level = evidence.damaged ? archive::Level::None : archive::Level::ReadBack;
  if (invocation.json()) {
    print_out(verify_document(named.name(), level, evidence));
  } else {
    for (const archive::Finding& finding : evidence.findings) print_out(finding_text(finding));
    print_out(cat(named.name(), ": ", evidence.damaged ? "DAMAGED" : "read-back", " · ",
                  util::show_counted(read.tables, "table"), ", ",
                  util::show_counted(read.rows, "row"), ", ",
                  util::show_counted(read.large_objects, "large object"),
                  read.indexed ? " · compared with the archive's own index · "
                               : " · no fingerprints to compare with · ",
                  util::show_duration(watch.elapsed()), "\n"));
  }
  return evidence.damaged ? util::info(util::Kind::Damage).exit_code : 0;
}

}  // namespace

int run_list(const Invocation& invocation) {
  const std::filesystem::path dir = invocation.settings.path("dir");
  const std::vector<backup::Entry> entries = backup::list(dir);
  if (invocation.json()) {
    print_out(list_document(dir, entries));
  } else if (entries.empty()) {
    print_err(cat("no backups in ", dir.string(), "\n"));
  } else {
    print_out(list_table(entries));
  }
  return 0;
}

int run_show(const Invocation& invocation) {
  const backup::Backup backup =
      backup::find(invocation.settings.path("dir"), invocation.argument("BACKUP"),
                   invocation.database_name_if_given());
  if (invocation.json()) {
    print_out(show_document(backup, util::read_text(backup.path / "manifest.json", 1U << 30U),
                            optional_file(backup.path / "proof.json")));
    return 0;
  }
  print_out(optional_file(backup.path / "manifest.txt"));
  print_out(
      cat("\nproof: ", worth(backup), backup.evidence ? cat(", ", backup.evidence->at) : "", "\n"));
  if (backup.evidence) {
    for (const archive::Finding& finding : backup.evidence->findings)
      print_out(finding_text(finding, "  "));
  }
  return 0;
}

int run_verify(const Invocation& invocation) {
  const archive::Level level =
      archive::parse_level(invocation.settings.text("level")).value_or(archive::Level::ReadBack);
  const ops::Named named =
      ops::find_named(invocation.settings.path("dir"), invocation.argument("BACKUP"),
                      invocation.database_name_if_given());
  if (!named.backup) return verify_archive(invocation, named, level);
  const backup::Backup& backup = *named.backup;
  verify::Options options{
      .level = level,
      .application_name = cat("pgbelay-", util::key_time(util::Clock::now())),
      .jobs = invocation.settings.count("jobs"),
      .version = PGBELAY_VERSION,
      .accept_superuser_functions = invocation.settings.flag("accept-superuser-functions")};
  if (level >= archive::Level::Restored) {
    const ops::SideNames names =
        ops::proof_names(backup.manifest.database, backup.path.parent_path(),
                         cat("verify of ", backup.manifest.name), util::Clock::now());
    options.server = invocation.database();
    options.maintenance_db = invocation.settings.text("maintenance-db");
    options.side_database = names.database;
    options.side_comment = names.comment;
  }
  TerminalReporter reporter(invocation.style(/*json_lines=*/false));
  const verify::Verified verified = verify::run(backup, options, reporter, invocation.stop);
  const archive::Evidence& evidence = verified.evidence;
  if (invocation.json()) {
    print_out(verify_document(backup.manifest.name, level, evidence));
  } else {
    for (const archive::Finding& finding : evidence.findings) print_out(finding_text(finding));
    print_out(cat(backup.manifest.name, ": ",
                  evidence.damaged ? std::string("DAMAGED") : reached(evidence), " · ",
                  util::show_duration(util::Seconds(evidence.duration_s)), "\n"));
  }
  if (evidence.damaged) return util::info(util::Kind::Damage).exit_code;
  return verified.proof ? 0 : util::info(util::Kind::Proof).exit_code;
}

}  // namespace cli
