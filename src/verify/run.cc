// The levels in their order; each needs the one before it. What a level finds ends the climb.
#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include "archive/custom_file.h"
#include "load/load.h"
#include "pg/connection.h"
#include "schema/json.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/priority.h"
#include "util/text.h"
#include "util/workers.h"
#include "verify/differences.h"
#include "verify/early.h"
#include "verify/maker.h"
#include "verify/traps.h"
#include "verify/untouched.h"
#include "verify/verify.h"

namespace verify {
namespace {

using archive::Evidence;
using archive::Finding;
using archive::Level;
using archive::Severity;
using util::cat;
using util::Error;
using util::Kind;

constexpr std::size_t kNamed = 3;  // findings in a message

bool any_damage(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), is_damage);
}

bool any_missing_object(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return is_damage(finding) && finding.code == "object-missing";
  });
}

constexpr std::string_view kMissingFile = "missing-file";

// Damage of the archive, the SQL file or a CSV file.
bool is_of_data(const Finding& finding) {
  return is_damage(finding) &&
         (finding.file.starts_with("full_backup.") || finding.file.starts_with("csv/"));
}

class Climb {
 public:
  Climb(const backup::Backup& backup, const Options& options, util::Reporter& reporter,
        std::stop_token stop)
      : backup_(backup), options_(options), reporter_(reporter), stop_(std::move(stop)) {}

  Verified run() {
    const bool written =
        show(Level::Written, [&] { return backup::check_written(backup_, reporter_, stop_); });
    if (evidence_.damaged) locate();
    const bool files_good = written && show(Level::ReadBack, [&] { return read_back(); });
    if (files_good && options_.level >= Level::Restored) restore_and_compare();
    finish_evidence();
    std::optional<Proof> proof;
    if (!evidence_.damaged) proof = Maker::proof(backup_, evidence_, std::move(copy_));
    return {std::move(evidence_), std::move(proof)};
  }

 private:
  // Goes one level up if it is asked for and nothing is found. False: the climb has ended here.
  template <typename Look>
  bool show(Level level, const Look& look) {
    if (options_.level < level) return false;
    std::vector<Finding> findings = look();
    util::throw_if_stopped(stop_);
    return add(level, std::move(findings));
  }

  bool add(Level level, std::vector<Finding> findings) {
    const bool damaged = any_damage(findings);
    // All objects are there, but not all content.
    if (damaged && level == Level::Proven && !any_missing_object(findings))
      evidence_.level = Level::Restored;
    std::move(findings.begin(), findings.end(), std::back_inserter(evidence_.findings));
    if (damaged) {
      evidence_.damaged = true;
    } else {
      evidence_.level = level;
    }
    return !damaged;
  }

  // The bytes are those of the sums, as `written` has just shown; what they say when they are read
  // was shown when they were last read back, and cannot have changed since.
  std::vector<Finding> read_back() {
    const bool shown = backup_.evidence && backup_.level() >= Level::ReadBack && !backup_.damaged();
    if (shown && options_.level > Level::ReadBack) return {};
    return backup::read_back(backup_, options_.jobs, reporter_, stop_);
  }

  // The sums tell which file is damaged; reading it tells which rows of which table are.
  void locate() {
    if (std::none_of(evidence_.findings.begin(), evidence_.findings.end(), is_of_data)) return;
    try {
      for (Finding& finding : backup::read_back(backup_, options_.jobs, reporter_, stop_)) {
        if (finding.code == kMissingFile) continue;  // told already
        evidence_.findings.push_back(std::move(finding));
      }
    } catch (const Error& failure) {
      // An archive that says it is of another version.
      if (failure.kind() != Kind::Usage) throw;
    }
  }

  void restore_and_compare() {
    maintenance_.emplace(open_maintenance(stop_));
    const archive::CustomFileReader reader(backup_.archive_path());
    if (!options_.accept_superuser_functions) refuse_traps(*maintenance_, reader.toc());
    evidence_.server =
        cat("PostgreSQL ", maintenance_->server_version_text(), ", ", options_.server.display());
    try {
      swap::create_side(*maintenance_, options_.side_database, properties_of(backup_.manifest),
                        options_.side_comment);
      util::fault::point("proof.created");
      EarlyReading early(backup_.manifest, early_reading_server());
      if (load(reader, early) && compare(early)) {
        keep_or_drop();
      } else {
        drop();
      }
    } catch (...) {
      throw without_side_database(util::as_error(std::current_exception()));
    }
  }

  pg::Connection open_maintenance(std::stop_token stop) const {
    return swap::open_maintenance(options_.server, options_.maintenance_db,
                                  options_.application_name, std::move(stop));
  }
  // It was idle for a whole restore. What ends the proof must not be stopped by the stop itself.
  void wake_maintenance() {
    if (!maintenance_->alive()) maintenance_.emplace(open_maintenance({}));
  }

  void drop() {
    wake_maintenance();
    swap::drop_side(*maintenance_, options_.side_database);
  }

  // The error of a proof that was given up, its side database dropped.
  Error without_side_database(Error error) {
    constexpr std::string_view kDuplicateDatabase = "42P04";
    if (error.sqlstate() == kDuplicateDatabase) return error;  // somebody else's
    try {
      drop();
    } catch (const Error& failure) {
      error.attach(
          cat("dropping database ", options_.side_database, " failed: ", failure.message()));
    }
    return error;
  }

  pg::ConnInfo side_info() const { return options_.server.with_database(options_.side_database); }

  // 0: nothing is read before the load is over.
  int early_reading_server() const {
    return options_.level < Level::Proven ? 0 : maintenance_->server_major();
  }

  bool load(const archive::CustomFileReader& reader, EarlyReading& early) {
    const archive::Manifest& manifest = backup_.manifest;
    load::Options load{.target = side_info(),
                       .application_name = options_.application_name,
                       .jobs = options_.jobs,
                       .extensions = {},
                       .has_public_schema = manifest.has_public_schema,
                       .has_plpgsql = manifest.has_plpgsql,
                       .inspections = early.inspections()};
    for (const archive::TableRecord& table : manifest.tables) load.total_bytes += table.raw_bytes;
    for (const archive::ExtensionRecord& extension : manifest.extensions) {
      load.extensions.push_back({extension.name, extension.version});
    }
    try {
      const load::Report report = load::run(reader, load, reporter_, stop_);
      add_notes(report);
    } catch (const Error& error) {
      if (!refused_rows(error)) throw;
      return add(Level::Restored, {damage("not-restorable", {}, error.text())});
    }
    util::throw_if_stopped(stop_);
    util::fault::point("proof.loaded");
    return true;
  }

  // The server takes the definitions but not the rows that go with them: no other server will take
  // them either.
  static bool refused_rows(const Error& error) {
    const std::string_view cls = std::string_view(error.sqlstate()).substr(0, 2);
    return error.kind() == Kind::Query && (cls == "22" || cls == "23");
  }

  void add_notes(const load::Report& report) {
    const auto note = [&](std::string code, const std::string& text, Severity severity) {
      Finding finding = damage(std::move(code), {}, text);
      finding.severity = severity;
      evidence_.findings.push_back(std::move(finding));
    };
    for (const std::string& skipped : report.skipped) note("skipped", skipped, Severity::Accepted);
    for (const std::string& warning : report.warnings)
      note("server-warning", warning, Severity::Note);
  }

  bool compare(EarlyReading& early) {
    if (options_.level < Level::Proven) {
      pg::Connection copy = pg::Connection::open(side_info(), options_.application_name, stop_);
      return add(Level::Restored, compare_objects(backup_.manifest, copy, Additional::Ignore));
    }
    std::optional<schema::Model> model = recorded_model(backup_);
    // Another major version describes the same objects otherwise: those are compared by name.
    if (model && model->server_version / 10000 != maintenance_->server_major()) model.reset();
    if (model) {
      evidence_.definition = 2;
    } else {
      by_name_only();
    }
    const Expected expected{.manifest = backup_.manifest, .model = model ? &*model : nullptr};
    return add(
        Level::Proven,
        compare_rest(expected, side_info(), options_.application_name, options_.jobs,
                     {.early = &early,
                      .close = options_.copy == Copy::Drop ? CloseCopy()
                                                           : [this](int spare) { close(spare); }},
                     reporter_, stop_));
  }

  // What is proven is then less, and said (contracts.md K3).
  void by_name_only() {
    const auto& files = backup_.manifest.files;
    const bool has_model = std::any_of(
        files.begin(), files.end(),
        [](const archive::FileRecord& file) { return file.name == schema::kModelFileName; });
    Finding finding = damage("definition", {},
                             cat("objects are compared by name only, not by their definitions: ",
                                 has_model ? "the copy is on a server of another major version"
                                           : "the backup has no schema.json"));
    finding.severity = Severity::Note;
    evidence_.findings.push_back(std::move(finding));
  }

  void close(int spare) {
    wake_maintenance();
    close_copy(*maintenance_, options_.side_database, spare);
  }

  void keep_or_drop() {
    util::fault::point("proof.compared");
    if (options_.copy == Copy::Drop) {
      drop();
    } else {
      wake_maintenance();
      swap::seal(*maintenance_, options_.side_database);
      copy_ = swap::seal_record(*maintenance_, options_.side_database);
    }
    util::fault::point("proof.sealed");
  }

  void finish_evidence() {
    evidence_.at = util::rfc3339(util::Clock::now());
    evidence_.duration_s = watch_.elapsed().count();
    evidence_.by_version = options_.version;
    evidence_.sums_sha256 = backup_.sums_sha256;
    if (worth_recording()) backup::record(backup_, evidence_);
  }

  // A lower level that was found good again takes nothing from a higher one, nor does it clear the
  // damage that was found above it.
  bool worth_recording() const {
    if (!backup_.evidence || evidence_.damaged) return true;
    const Evidence& known = *backup_.evidence;
    return known.damaged ? evidence_.level > known.level : evidence_.level >= known.level;
  }

  const backup::Backup& backup_;
  const Options& options_;
  util::Reporter& reporter_;
  std::stop_token stop_;
  util::Stopwatch watch_;
  Evidence evidence_;
  std::optional<pg::Connection> maintenance_;
  std::optional<swap::SealRecord> copy_;
};

std::string first_findings(const std::vector<Finding>& findings) {
  std::string text;
  std::size_t named = 0, all = 0;
  for (const Finding& finding : findings) {
    if (!is_damage(finding) || ++all > kNamed) continue;
    text += cat(named++ > 0 ? "; " : "", finding.text);
  }
  if (all > kNamed) text += cat("; and ", all - kNamed, " more");
  return text;
}

}  // namespace

Verified run(const backup::Backup& backup, const Options& options, util::Reporter& reporter,
             std::stop_token stop) {
  std::optional<Verified> verified;
  util::at_lower_priority(options.nice, std::move(stop), [&](const std::stop_token& ended) {
    verified = Climb(backup, options, reporter, ended).run();
  });
  return *std::move(verified);
}

Proof prove(const backup::Backup& backup, const Options& options, util::Reporter& reporter,
            std::stop_token stop) {
  try {
    Verified verified = run(backup, options, reporter, std::move(stop));
    for (const Finding& finding : verified.evidence.findings) {
      if (!is_damage(finding)) reporter.note(finding.text);
    }
    if (verified.proof) return *std::move(verified.proof);
    throw Error(Kind::Proof,
                cat("backup ", backup.manifest.name, " is not ", archive::level_name(options.level),
                    ": ", first_findings(verified.evidence.findings)),
                {.hint = cat("See all findings with: pgbelay show ", backup.manifest.name),
                 .sqlstate = {}});
  } catch (const Error& error) {
    if (error.kind() == Kind::Interrupted || error.kind() == Kind::Bug) throw;
    throw error.as(Kind::Proof);
  }
}

}  // namespace verify
