// A copy that is proven already gets what has changed since (architecture.md §5, S11). Only what is
// replaced is read again; of all other tables the server's counters must say that nobody touched
// them while the copy was open.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "archive/custom_file.h"
#include "load/reload.h"
#include "pg/connection.h"
#include "scan/table.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"
#include "verify/early.h"
#include "verify/maker.h"
#include "verify/sql_early.h"
#include "verify/untouched.h"
#include "verify/verify.h"

namespace verify {
namespace {

using util::cat;
using util::Error;
using util::Kind;

[[noreturn]] void no_catch_up(const std::string& why) {
  throw Error(Kind::Proof, cat("the copy could not be caught up: ", why),
              {.hint = "Start the run again.", .sqlstate = {}});
}

class CatchUp {
 public:
  CatchUp(const backup::Backup& follow_up, const Options& options, pg::Connection& maintenance,
          util::Reporter& reporter, std::stop_token stop)
      : follow_up_(follow_up),
        options_(options),
        maintenance_(maintenance),
        reporter_(reporter),
        stop_(std::move(stop)),
        side_(options.server.with_database(options.side_database)) {}

  // Before the last look at the other tables the comparison has begun to watch all of them, and
  // after it nobody gets in any more: at no moment could somebody write unseen.
  void run() {
    const std::set<pg::QualifiedName> replaced = replaced_tables();
    const Counted before = counted(replaced);
    reload();
    compare([&](int spare) {
      require_same(before, counted(replaced));
      close_copy(maintenance_, options_.side_database, spare);
    });
  }

 private:
  using Counted = std::map<std::uint32_t, sql::Touched>;

  static bool same(const sql::Touched& a, const sql::Touched& b) {
    return a.file_node == b.file_node && a.inserted == b.inserted && a.updated == b.updated &&
           a.deleted == b.deleted;
  }

  static void require_same(const Counted& before, const Counted& now) {
    for (const auto& [oid, counts] : now) {
      const auto was = before.find(oid);
      if (was == before.end() || !same(was->second, counts))
        no_catch_up("somebody else wrote into the copy while it was open");
    }
  }

  std::set<pg::QualifiedName> replaced_tables() const {
    std::set<pg::QualifiedName> names;
    for (const archive::TableRecord& table : follow_up_.manifest.tables)
      names.insert({table.schema, table.table});
    return names;
  }

  // Servers before 15 may lose counts: nothing is known there.
  Counted counted(const std::set<pg::QualifiedName>& replaced) const {
    constexpr int kExactCounters = 15;
    pg::Connection copy = pg::Connection::open(side_, options_.application_name, stop_);
    if (copy.server_major() < kExactCounters) return {};
    std::vector<std::uint32_t> oids;
    for (const scan::Table& table : scan::list_tables(copy)) {
      if (!replaced.contains(table.name)) oids.push_back(table.oid);
    }
    return sql::touched(copy, oids);
  }

  void reload() {
    const archive::CustomFileReader archive(follow_up_.archive_path());
    load::ReloadOptions load{.target = side_,
                             .application_name = options_.application_name,
                             .configuration = {},
                             .large_objects = follow_up_.manifest.follows->large_objects};
    for (const archive::TableRecord& table : follow_up_.manifest.tables) {
      load.total_bytes += table.raw_bytes;
      if (!table.filter.empty()) load.configuration[{table.schema, table.table}] = table.filter;
    }
    const load::Reloaded done = load::reload(archive, load, reporter_, stop_);
    for (const std::string& warning : done.warnings) reporter_.note(warning);
  }

  void compare(CloseCopy close) {
    for (const archive::Finding& finding :
         compare_rest({follow_up_.manifest}, side_, options_.application_name, options_.jobs,
                      {.close = std::move(close)}, reporter_, stop_)) {
      if (finding.severity == archive::Severity::Damage) no_catch_up(finding.text);
    }
  }

  const backup::Backup& follow_up_;
  const Options& options_;
  pg::Connection& maintenance_;  // to another database of the server
  util::Reporter& reporter_;
  const std::stop_token stop_;
  const pg::ConnInfo side_;
};

void require_fitting(const Proof& proven, const backup::Backup& follow_up) {
  if (!proven.copy()) no_catch_up("it was not kept");
  const std::optional<archive::Manifest::Follows>& follows = follow_up.manifest.follows;
  if (!follows || follows->sums_sha256 != proven.sums_sha256())
    no_catch_up(cat(follow_up.manifest.name, " does not follow ", proven.backup_name()));
}

}  // namespace

Proof catch_up(const Proof& proven, const backup::Backup& follow_up, const Options& options,
               util::Reporter& reporter, std::stop_token stop) {
  require_fitting(proven, follow_up);
  pg::Connection maintenance = swap::open_maintenance(options.server, options.maintenance_db,
                                                      options.application_name, stop);
  const std::string broken = swap::seal_broken(maintenance, *proven.copy());
  if (!broken.empty()) no_catch_up(broken);
  swap::reopen(maintenance, options.side_database);
  util::fault::point("hold.copy_open");
  try {
    CatchUp(follow_up, options, maintenance, reporter, stop).run();
  } catch (const Error& error) {
    if (error.kind() == Kind::Interrupted || error.kind() == Kind::Bug) throw;
    throw error.as(Kind::Proof);
  }
  swap::seal(maintenance, options.side_database);
  return Maker::caught_up(proven, swap::seal_record(maintenance, options.side_database));
}

}  // namespace verify
