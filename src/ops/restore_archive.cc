#include "ops/restore_archive.h"

#include <algorithm>
#include <exception>
#include <memory>

#include "archive/reader.h"
#include "load/load.h"
#include "ops/backup.h"
#include "ops/create_statement.h"
#include "pg/connection.h"
#include "pg/database_properties.h"
#include "pg/server_facts.h"
#include "swap/swap.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"
#include "verify/traps.h"
#include "verify/verify.h"

namespace ops {
namespace {

using util::cat;
using util::Error;
using util::Kind;

class ArchiveRestore {
 public:
  ArchiveRestore(const ArchiveRestoreOptions& options, util::Reporter& reporter,
                 std::stop_token stop)
      : options_(options),
        reporter_(reporter),
        stop_(std::move(stop)),
        names_(proof_names(options.database, options.dir, cat("restore of ", options.from.name()),
                           util::Clock::now())),
        source_(options.from.source()) {
    if (options.damaged == Damaged::Save) {
      salvage_ = std::make_unique<extract::SalvageReader>(source_);
    } else {
      whole_ = archive::open_archive(source_.archive);
    }
  }

  ArchiveRestoreResult run() {
    pg::Connection maintenance = open_maintenance(stop_);
    const swap::DatabaseLock lock(maintenance, options_.database);
    refuse_existing(maintenance);
    if (!options_.accept_superuser_functions) verify::refuse_traps(maintenance, archive().toc());
    const util::Stopwatch watch;
    reporter_.step("restore", util::StepState::Begin, "");
    swap::create_side(maintenance, names_.database, properties(maintenance), names_.comment);
    ArchiveRestoreResult result;
    try {
      result = load();
      place();
    } catch (...) {
      throw without_side(util::as_error(std::current_exception()));
    }
    reporter_.step("restore", result.lost.empty() ? util::StepState::Ok : util::StepState::Warn,
                   cat("restored · ", util::show_duration(watch.elapsed()),
                       " · nothing was compared: not proven"));
    return result;
  }

 private:
  const archive::Reader& archive() const { return salvage_ ? *salvage_ : *whole_; }

  pg::Connection open_maintenance(std::stop_token stop) const {
    return swap::open_maintenance(options_.server.with_database(options_.database),
                                  options_.maintenance_db, cat("pgbelay-", names_.key),
                                  std::move(stop));
  }

  void refuse_existing(pg::Connection& maintenance) const {
    if (!pg::database_exists(maintenance, options_.database)) return;
    throw Error(Kind::Usage,
                cat("database ", util::printable(options_.database),
                    " exists; what cannot be proven is restored under a new name only"),
                {.hint = "Give a name that is free as --to.", .sqlstate = {}});
  }

  pg::DatabaseProperties properties(pg::Connection& maintenance) const {
    if (options_.from.backup) return verify::properties_of(options_.from.backup->manifest);
    pg::DatabaseProperties base = pg::read_properties(maintenance, "template0");
    base.tablespace = "pg_default";
    return properties_in(archive().toc(), std::move(base));
  }

  ArchiveRestoreResult load() const {
    load::Options load{.target = options_.server.with_database(names_.database),
                       .application_name = cat("pgbelay-", names_.key),
                       .jobs = options_.jobs,
                       .extensions = {}};
    if (const auto& backup = options_.from.backup) {
      load.has_public_schema = backup->manifest.has_public_schema;
      load.has_plpgsql = backup->manifest.has_plpgsql;
    }
    ArchiveRestoreResult result;
    const load::Report report = load::run(archive(), load, reporter_, stop_);
    util::throw_if_stopped(stop_);
    result.rows = report.rows;
    result.notes = report.skipped;
    result.notes.insert(result.notes.end(), report.warnings.begin(), report.warnings.end());
    for (const archive::TocEntry& entry : archive().toc().entries)
      result.tables += entry.desc == "TABLE" ? 1U : 0U;
    if (!salvage_) return result;
    result.lost = salvage_->lost();
    for (std::string& note : salvage_->notes()) result.notes.push_back(std::move(note));
    return result;
  }

  // What was made keeps its owner and gets the rights that a new database has.
  void place() const {
    pg::Connection maintenance = open_maintenance(stop_);
    swap::SwapPlan plan{.live = options_.database, .copy = names_.database, .kept = {}};
    plan.properties = options_.from.backup ? verify::properties_of(options_.from.backup->manifest)
                                           : pg::read_properties(maintenance, names_.database);
    if (!options_.from.backup) {
      plan.properties.default_acl = true;
      plan.properties.comment.clear();
    }
    swap::place(maintenance, plan);
  }

  Error without_side(Error error) const {
    constexpr std::string_view kDuplicateDatabase = "42P04";
    if (error.sqlstate() == kDuplicateDatabase) return error;
    try {
      pg::Connection maintenance = open_maintenance({});
      swap::drop_side(maintenance, names_.database);
    } catch (const Error& failure) {
      error.attach(cat("dropping database ", names_.database, " failed: ", failure.message()));
    }
    return error;
  }

  const ArchiveRestoreOptions& options_;
  util::Reporter& reporter_;
  const std::stop_token stop_;
  const SideNames names_;
  const extract::Source source_;
  std::unique_ptr<extract::SalvageReader> salvage_;
  std::unique_ptr<archive::Reader> whole_;
};

}  // namespace

ArchiveRestoreResult restore_archive(const ArchiveRestoreOptions& options, util::Reporter& reporter,
                                     std::stop_token stop) {
  return ArchiveRestore(options, reporter, std::move(stop)).run();
}

}  // namespace ops
