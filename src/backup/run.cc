#include "backup/run.h"

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

#include "backup/files.h"
#include "backup/globals.h"
#include "backup/latest.h"
#include "backup/stage.h"
#include "codec/sha256.h"
#include "pg/server_facts.h"
#include "pg/session.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/files.h"
#include "util/priority.h"
#include "util/text.h"
#include "util/units.h"

namespace backup {
namespace {

namespace fs = std::filesystem;
using util::Error;
using util::Kind;

void open_folder(const fs::path& dir) {
  std::error_code failed;
  const bool made = fs::create_directories(dir, failed);
  if (failed) throw util::io_error("create", dir, failed.value());
  if (made) fs::permissions(dir, fs::perms::owner_all, failed);
  if (!fs::is_directory(dir)) {
    throw Error(Kind::Io, util::cat(util::printable(dir.string()), " is not a folder"),
                {.hint = "Choose another place for backups with --dir.", .sqlstate = {}});
  }
}

// Text compresses to between a tenth and the whole of what the tables take: only a disk that is
// clearly too small is refused; one that fills up later ends the backup without a trace.
void require_space(const fs::path& dir, std::uint64_t database_bytes) {
  constexpr std::uint64_t kDivisor = 7;  // 15 percent
  const std::uint64_t needed = database_bytes / kDivisor;
  const std::uint64_t free = util::free_space(dir);
  if (free >= needed) return;
  throw Error(Kind::Space,
              util::cat("the backup needs at least ", util::show_size(needed), " in ",
                        util::printable(dir.string()), " and ", util::show_size(free), " are free"),
              {.hint = "Free space there, or choose another place with --dir.", .sqlstate = {}});
}

archive::FileRecord write_file(const fs::path& stage, std::string_view name,
                               const std::string& text, std::string_view description) {
  util::WriteFile file(stage / name);
  file.write(text);
  file.close();  // synced with all others when published
  return {std::string(name), text.size(), codec::sha256_of(text), std::string(description)};
}

// What the database and its server are asked beside the dump.
struct Around {
  std::uint64_t database_bytes = 0;
  std::string globals;
};
Around ask_around(const dump::Options& options, const std::stop_token& stop) {
  pg::Connection connection = pg::Connection::open(options.source, options.application_name, stop);
  if (options.on_session) options.on_session(connection.backend_pid());
  pg::pin_settings(connection, "UTF8");
  return {pg::database_size(connection, connection.database()), globals_script(connection)};
}

// In the order of contracts.md K11: what is written later has the sums of what came before.
Backup write_manifests(const fs::path& stage, archive::Manifest manifest) {
  manifest.files.push_back(
      write_file(stage, kManifestTextName, archive::to_text(manifest), "this backup, for people"));
  const archive::FileRecord json =
      write_file(stage, kManifestName, archive::to_json(manifest), "this backup, for programs");
  std::vector<archive::FileRecord> summed = manifest.files;
  summed.push_back(json);
  const archive::FileRecord sums =
      write_file(stage, kSumsName, archive::sha256sums(summed), "sums");
  Backup backup;
  backup.path = stage;
  backup.manifest = std::move(manifest);
  backup.sums_sha256 = sums.sha256;
  return backup;
}

void require_good(const std::vector<archive::Finding>& findings, std::string_view how) {
  const auto damage = [](const archive::Finding& finding) {
    return finding.severity == archive::Severity::Damage;
  };
  const auto first = std::find_if(findings.begin(), findings.end(), damage);
  if (first == findings.end()) return;
  const auto count = std::count_if(findings.begin(), findings.end(), damage);
  throw Error(Kind::Backup,
              util::cat("the backup was ", how, " and is not what was written: ", first->text,
                        count > 1 ? util::cat(" (and ", count - 1, " more)") : std::string()),
              {.hint = "Check the disk and the memory of this machine; nothing was published.",
               .sqlstate = {}});
}

archive::Evidence evidence_of(const Backup& backup, ReadBack read_back, double seconds) {
  archive::Evidence evidence;
  evidence.level = read_back == ReadBack::Yes ? archive::Level::ReadBack : archive::Level::Written;
  evidence.at = util::rfc3339(util::Clock::now());
  evidence.duration_s = seconds;
  evidence.by_version = PGBELAY_VERSION;
  evidence.sums_sha256 = backup.sums_sha256;
  return evidence;
}

Backup run_here(const Options& options, util::Reporter& reporter, const std::stop_token& stop) {
  const util::Stopwatch watch;
  open_folder(options.dir);
  remove_stale_stages(options.dir);
  const Around around = ask_around(options.dump, stop);
  require_space(options.dir, around.database_bytes);

  const std::string name = make_name(options.now(), options.label, options.dir);
  Stage stage(options.dir, name);
  util::fault::point("backup.staged");
  dump::Options dumping = options.dump;
  dumping.directory = stage.path();
  archive::Manifest manifest = dump::run(dumping, reporter, stop);
  util::fault::point("backup.before_manifest");
  manifest.files.push_back(
      write_file(stage.path(), kGlobalsName, around.globals, "roles, for psql"));
  manifest.name = name;
  manifest.label = clean_label(options.label);
  manifest.run = options.run;
  manifest.duration_s = watch.elapsed().count();
  Backup backup = write_manifests(stage.path(), std::move(manifest));

  const util::Stopwatch reading;
  if (options.read_back == ReadBack::Yes) {
    require_good(check_written(backup, reporter, stop), "read again");
    require_good(backup::read_back(backup, dumping.jobs, reporter, stop), "read back");
  }
  util::fault::point("backup.before_publish");
  backup.path = stage.publish();
  util::fault::point("backup.before_latest");
  point_latest(options.dir);
  backup.evidence = evidence_of(backup, options.read_back, reading.elapsed().count());
  record(backup, *backup.evidence);
  return backup;
}

}  // namespace

Backup run(const Options& options, util::Reporter& reporter, std::stop_token stop) {
  std::optional<Backup> made;
  util::at_lower_priority(options.nice, std::move(stop), [&](const std::stop_token& ended) {
    made = run_here(options, reporter, ended);
  });
  return *std::move(made);
}

}  // namespace backup
