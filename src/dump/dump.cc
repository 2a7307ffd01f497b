#include "dump/dump.h"

#include <algorithm>
#include <thread>

#include "dump/catalog_schema.h"
#include "dump/facts.h"
#include "dump/lock_watch.h"
#include "dump/reader.h"
#include "dump/record.h"
#include "dump/schema_source.h"
#include "dump/server_watch.h"
#include "dump/snapshot.h"
#include "dump/sql_dump.h"
#include "schema/soundness.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"
#include "util/workers.h"

namespace dump {
namespace {

constexpr std::size_t kMostJobs = 8;  // unless asked for more
constexpr int kAttempts = 5;
constexpr std::string_view kTooManyConnections = "53300";
constexpr std::string_view kLockNotAvailable = "55P03";

std::size_t reader_count(std::size_t jobs) {
  if (jobs > 0) return jobs;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostJobs);
}

// A server that is full gives fewer sessions than asked for: one is enough.
void read_tasks(const ReaderOptions& options, Work& work, bool needed,
                const std::stop_token& stop) {
  std::optional<Reader> reader;
  try {
    reader.emplace(options, work, stop);
  } catch (const util::Error& failure) {
    if (needed || failure.sqlstate() != kTooManyConnections) throw;
    work.reporter.warning(util::cat("one reader less: ", failure.message()));
    return;
  }
  reader->run();
}

// Somebody waits for a lock on a table, and pg_dump waits behind him: for ever, since he waits for
// us. The locks must be let go, and everything starts over.
class Overtaken : public util::Error {
 public:
  explicit Overtaken(const std::vector<pg::QualifiedName>& tables)
      : util::Error(util::Kind::Preflight,
                    util::cat("another session wants to lock ",
                              tables.empty() ? std::string("a table")
                                             : util::cat("table ", tables.front().display()),
                              " while its definition is being read"),
                    {.hint = "Try again when nobody alters, truncates or rewrites tables.",
                     .sqlstate = {}}) {}
};

std::vector<pg::QualifiedName> wanted_by_others(Snapshot& snapshot) {
  std::vector<std::uint32_t> oids;
  for (const scan::Lockable& table : snapshot.tables()) oids.push_back(table.oid);
  return sql::excluded_by_others(*Snapshot::Session(snapshot), oids);
}

archive::Toc read_schema_of(const Options& options, const std::optional<PgDumpProgram>& program,
                            Work& work, const std::stop_token& stop) {
  if (!program) {
    return read_catalog_schema({options.source, options.application_name, work.snapshot.id(),
                                work.snapshot.encoding(), options.on_session},
                               stop);
  }
  const SchemaSource source{*program, options.source, options.application_name, work.snapshot.id(),
                            options.directory / ".schema.dump"};
  return read_schema(source, work.reporter, stop);
}

archive::Toc schema_of(const Options& options, const std::optional<PgDumpProgram>& program,
                       Work& work, const std::stop_token& stop) {
  const LockWatch watch(work.snapshot, options.application_name, stop);
  try {
    return read_schema_of(options, program, work, watch.token());
  } catch (const util::Error&) {
    util::throw_if_stopped(stop);
    const std::vector<pg::QualifiedName> wanted = wanted_by_others(work.snapshot);
    if (!watch.stuck() && wanted.empty()) throw;
    if (program && options.on_session) options.on_session(0);
    throw Overtaken(wanted);
  }
}

// The schema while the first rows are being read already, then everything in order.
Outcome write(const Options& options, const std::optional<PgDumpProgram>& program, Work& work,
              const std::stop_token& stop) {
  Outcome outcome;
  archive::Toc schema = schema_of(options, program, work, stop);
  if (program && options.on_session)
    options.on_session(0);  // it opens one connection, and succeeded with it
  schema.version = version_for(work.snapshot.server_major(), schema.version);
  outcome.plan = extend(std::move(schema), work.content, work.snapshot.tables());
  if (options.compress.method == codec::Method::Zstd)
    outcome.plan.toc.compression = archive::Compression::Zstd;
  outcome.written =
      write_all({options.directory, options.formats.sql, options.formats.csv, options.sql},
                outcome.plan, work, stop);
  return outcome;
}

// The archive is one that the server's own pg_restore reads, and zstd came with 16.
void refuse_compression(const Options& options, int server_major) {
  constexpr int kFirst = 16;
  if (options.compress.method == codec::Method::Deflate || server_major >= kFirst) return;
  throw util::Error(
      util::Kind::Usage,
      util::cat("--compress zstd: the server is PostgreSQL ", server_major,
                ", whose pg_restore does not read zstd"),
      {.hint = "Leave --compress out (gzip), or use it with servers from 16 on.", .sqlstate = {}});
}

// What no backup can be restored with is told before anything is read: later it would be a number,
// a syntax error, or the end of the session.
void refuse_damage(Snapshot& snapshot, util::Reporter& reporter) {
  constexpr std::size_t kMost = 10;
  std::vector<std::string> fatal;
  for (const schema::Dangling& found :
       schema::dangling_references(*Snapshot::Session(snapshot), kMost)) {
    if (found.fatal) {
      fatal.push_back(found.text);
    } else {
      reporter.warning(util::cat("the catalogue is damaged: ", found.text));
    }
  }
  if (fatal.empty()) return;
  throw util::Error(
      util::Kind::Backup,
      util::cat("the catalogue is damaged, and what is named could not be restored: ",
                util::join(fatal, "; ")),
      {.hint =
           "Give it another owner (ALTER … OWNER TO), or drop it, or make what is missing anew.",
       .sqlstate = {}});
}

Content content_of(Snapshot& snapshot) {
  try {
    return list_content(*Snapshot::Session(snapshot));
  } catch (const util::Error& failure) {
    if (failure.sqlstate() != kLockNotAvailable) throw;
    throw Overtaken({});
  }
}

void keep_portion(Content& content, const Portion& part) {
  std::vector<scan::Table> tables;
  std::vector<std::vector<scan::PageRange>> ranges;
  for (std::size_t n = 0; n < content.tables.size(); ++n) {
    if (!part.tables.contains(content.tables[n].name)) continue;
    tables.push_back(std::move(content.tables[n]));
    ranges.push_back(std::move(content.ranges[n]));
  }
  content.tables = std::move(tables);
  content.ranges = std::move(ranges);
  std::erase_if(content.views, [&](const scan::MaterializedView& view) {
    return !part.views.contains(view.name);
  });
  if (part.follows.large_objects) return;
  content.large_objects.clear();
  content.large_object_grants.clear();
}

archive::Manifest run_once(const Options& options, util::Reporter& reporter,
                           const std::stop_token& stop) {
  Snapshot snapshot(options.source, options.application_name, stop);
  refuse_compression(options, snapshot.server_major());
  if (options.on_session) options.on_session(Snapshot::Session(snapshot)->backend_pid());
  refuse_damage(snapshot, reporter);
  archive::Manifest manifest;
  manifest.created_at = util::rfc3339(util::Clock::now());
  const std::optional<PgDumpProgram> program =
      choose_pg_dump(*Snapshot::Session(snapshot), options.schema_from, options.pg_dump);
  util::fault::point("backup.snapshot");
  Content content = content_of(snapshot);
  if (options.portion) {
    keep_portion(content, *options.portion);
    manifest.follows = options.portion->follows;
  }
  ServerWatch watch({options.source, options.application_name, snapshot.text(), options.max_load,
                     options.snapshot_warning, options.on_session},
                    reporter, stop);
  Work work(content, snapshot, reporter, watch, options.rate);
  Outcome outcome;
  std::optional<archive::FileRecord> model_file;

  const ReaderOptions reading{options.source,      options.application_name, options.formats.csv,
                              options.formats.sql, options.compress,         options.on_session};
  constexpr std::size_t kOthers = 2;  // the writer and the one that asks for facts
  const auto thread = [&](std::size_t number, const std::stop_token& local) {
    if (number == 0) {
      outcome = write(options, program, work, local);
    } else if (number == 1) {
      const pg::CancelOnStop cancel = snapshot.cancel_on(local);
      model_file = read_facts(snapshot, options.directory, manifest, reporter);
    } else {
      read_tasks(reading, work, number == kOthers, local);
    }
  };
  util::run_workers(kOthers + reader_count(options.jobs), stop, thread);
  util::throw_if_stopped(stop);
  record(options, program ? program->version : "", work, outcome, manifest);
  if (model_file) manifest.files.push_back(*std::move(model_file));
  return manifest;
}

}  // namespace

archive::Manifest run(const Options& options, util::Reporter& reporter, std::stop_token stop) {
  for (int attempt = 1;; ++attempt) {
    try {
      return run_once(options, reporter, stop);
    } catch (const Overtaken& overtaken) {
      if (attempt == kAttempts) throw;
      reporter.note(util::cat(overtaken.message(), ": starting over"));
    } catch (const util::Error&) {
      util::throw_if_stopped(stop);  // what the stop cancelled is no error of its own
      throw;
    }
  }
}

}  // namespace dump
