#include "ops/backup.h"

#include <unistd.h>

#include <array>

#include "pg/connection.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"
#include "verify/verify.h"

namespace ops {
namespace {

using util::cat;
using util::Error;
using util::Kind;

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "unknown host";
}

std::string summary(const backup::Backup& made, util::Seconds took) {
  const archive::Manifest& manifest = made.manifest;
  return cat(util::show_duration(took), " · ",
             util::show_counted(manifest.formats.size(), "format"), " · ",
             util::show_counted(manifest.tables.size(), "table"), ", ",
             util::show_counted(manifest.rows(), "row"), " · ", util::show_size(manifest.bytes()),
             " · ", made.path.string());
}

void prove(const BackupOptions& options, const backup::Backup& made, util::Reporter& reporter,
           std::stop_token stop) {
  const util::Stopwatch watch;
  const SideNames names = proof_names(made.manifest.database, options.backup.dir,
                                      made.manifest.name, options.backup.now());
  const verify::Proof proof =
      verify::prove(made,
                    {.level = options.level,
                     .server = options.backup.dump.source,
                     .maintenance_db = options.maintenance_db,
                     .application_name = cat("pgbelay-", names.key),
                     .side_database = names.database,
                     .side_comment = names.comment,
                     .copy = verify::Copy::Drop,
                     .nice = options.backup.nice,
                     .jobs = options.backup.dump.jobs,
                     .version = options.version,
                     .accept_superuser_functions = options.accept_superuser_functions},
                    reporter, stop);
  const bool by_name = proof.level() == archive::Level::Proven && proof.definition() == 1;
  reporter.step("proof", util::StepState::Ok,
                cat(archive::level_name(options.level), by_name ? " (objects by name only)" : "",
                    " · ", util::show_duration(watch.elapsed())));
}

}  // namespace

SideNames proof_names(const std::string& database, const std::filesystem::path& dir,
                      std::string_view purpose, util::Clock::time_point now) {
  const std::string key = util::key_time(now);
  return {key, swap::side_name(database, swap::Purpose::Proof, key),
          cat("pgbelay run ", purpose, ", ", host_name(), ":",
              std::filesystem::absolute(dir).string())};
}

backup::Backup run_backup(const BackupOptions& options, util::Reporter& reporter,
                          std::stop_token stop) {
  pg::Connection::open(options.backup.dump.source, options.backup.dump.application_name,
                       stop);  // a failure here is exit 1
  const util::Stopwatch watch;
  reporter.step("backup", util::StepState::Begin, "");
  auto made = [&] {
    try {
      return backup::run(options.backup, reporter, stop);
    } catch (const Error& error) {
      const bool keeps_its_kind = error.kind() == Kind::Usage ||
                                  error.kind() == Kind::Interrupted || error.kind() == Kind::Bug;
      throw keeps_its_kind ? error : error.as(Kind::Backup);
    }
  }();
  reporter.step("backup", util::StepState::Ok, summary(made, watch.elapsed()));
  if (options.level <= archive::Level::ReadBack) return made;
  try {
    prove(options, made, reporter, stop);
  } catch (Error& error) {
    error.while_doing(cat("proving backup ", made.manifest.name, ", which stays"));
    throw error.kind() == Kind::Interrupted ? error : error.as(Kind::Proof);
  }
  return backup::open(made.path);
}

}  // namespace ops
