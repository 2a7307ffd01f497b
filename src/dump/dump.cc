#include "dump/dump.h"

#include <algorithm>
#include <atomic>
#include <thread>

#include "dump/facts.h"
#include "dump/plan.h"
#include "dump/reader.h"
#include "dump/schema_source.h"
#include "dump/snapshot.h"
#include "dump/work.h"
#include "dump/writer.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"
#include "util/workers.h"

namespace dump {
namespace {

constexpr std::size_t kMostJobs = 8;  // unless asked for more
constexpr std::string_view kTooManyConnections = "53300";

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

struct Outcome {
  Plan plan;
  Written written;
};

// The schema while the first rows are being read already, then everything in order.
Outcome write(const Options& options, const PgDumpProgram& program, Work& work,
              const std::stop_token& stop) {
  const SchemaSource source{program, options.source, options.application_name, work.snapshot.id(),
                            options.directory / ".schema.dump"};
  Outcome outcome;
  archive::Toc schema = read_schema(source, work.reporter, stop);
  if (options.on_session) options.on_session(0);  // it opens one connection, and succeeded with it
  outcome.plan = extend(std::move(schema), work.content, work.snapshot.tables());
  outcome.written =
      write_all({options.directory, options.formats.sql, options.formats.csv, options.sql},
                outcome.plan, work, stop);
  return outcome;
}

void check_counts(const Work& work) {
  for (std::size_t table = 0; table < work.content.tables.size(); ++table) {
    codec::Fingerprint sum;
    for (const std::size_t slot : work.table_slots[table]) sum += work.slot_fingerprints[slot];
    if (!work.counts[table] || *work.counts[table] == sum.rows) continue;
    throw util::Error(
        util::Kind::Backup,
        util::cat("table ", work.content.tables[table].name.display(), " has ", *work.counts[table],
                  " rows, but its ", work.table_slots[table].size(), " chunks held ", sum.rows),
        {.hint = "This is an error of the server or of pgbelay: the backup is not used.",
         .sqlstate = {}});
  }
}

archive::TableRecord table_record(const Work& work, const Outcome& outcome, std::size_t n) {
  const scan::Table& table = work.content.tables[n];
  const WrittenTable& written = outcome.written.tables[n];
  archive::TableRecord record;
  record.schema = table.name.schema;
  record.table = table.name.name;
  record.dump_id = outcome.plan.table_ids[n];
  record.columns = table.columns;
  record.filter = table.filter;
  if (table.load_root)
    record.loaded_through = util::cat(table.load_root->schema, ".", table.load_root->name);
  for (const std::size_t slot : work.table_slots[n])
    record.fingerprint += work.slot_fingerprints[slot];
  record.generated_columns = table.generated;
  record.generated = work.generated[n];
  record.raw_bytes = written.raw_bytes;
  record.csv_file = written.csv_file;
  record.csv_raw_bytes = written.csv_raw_bytes;
  record.pieces = written.pieces;
  return record;
}

void record_content(const Work& work, const Outcome& outcome, archive::Manifest& manifest) {
  const Content& content = work.content;
  for (std::size_t n = 0; n < content.tables.size(); ++n)
    manifest.tables.push_back(table_record(work, outcome, n));
  for (const scan::Sequence& sequence : content.sequences) {
    manifest.sequences.push_back(
        {sequence.name.schema, sequence.name.name, sequence.last_value, sequence.is_called});
  }
  for (std::size_t n = 0; n < content.large_objects.size(); ++n) {
    const scan::LargeObject& object = content.large_objects[n];
    const scan::LargeObjectSum& sum = work.large_objects[n];
    manifest.large_objects.push_back(
        {object.oid, object.owner, object.acl, object.comment, sum.bytes, sum.sha256});
  }
  for (std::size_t n = 0; n < content.views.size(); ++n) {
    const scan::MaterializedView& view = content.views[n];
    if (view.populated && !outcome.plan.refreshed[n]) {
      work.reporter.warning(
          util::cat("materialised view ", view.name.display(),
                    " reads one that is not populated: a restore leaves it unpopulated, too"));
    }
    manifest.materialized_views.push_back({view.name.schema, view.name.name,
                                           bool{outcome.plan.refreshed[n]}, view.columns,
                                           work.views[n]});
  }
  manifest.files = outcome.written.files;
}

void record_making(const Options& options, const PgDumpProgram& program, const Plan& plan,
                   const Snapshot& snapshot, archive::Manifest& manifest) {
  manifest.pgbelay_version = PGBELAY_VERSION;
  manifest.pg_dump_version = program.version;
  manifest.source = options.source.sanitised();
  manifest.encoding = snapshot.encoding();
  manifest.snapshot = snapshot.text();
  manifest.archive_version = util::cat(plan.toc.version.major, ".", plan.toc.version.minor);
  manifest.formats = {"dump"};
  if (options.formats.sql) manifest.formats.emplace_back("sql");
  if (options.formats.csv) manifest.formats.emplace_back("csv");
  manifest.sql = options.sql;
}

}  // namespace

archive::Manifest run(const Options& options, util::Reporter& reporter, std::stop_token stop) {
  Snapshot snapshot(options.source, options.application_name, stop);
  if (options.on_session) options.on_session(Snapshot::Session(snapshot)->backend_pid());
  archive::Manifest manifest;
  manifest.created_at = util::rfc3339(util::Clock::now());
  const PgDumpProgram program = find_pg_dump(snapshot.server_major(), options.pg_dump);
  util::fault::point("backup.snapshot");
  const Content content = list_content(*Snapshot::Session(snapshot));
  Work work(content, snapshot, reporter);
  Outcome outcome;

  const ReaderOptions reading{options.source, options.application_name, options.formats.csv,
                              options.formats.sql, options.on_session};
  constexpr std::size_t kOthers = 2;  // the writer and the one that asks for facts
  const auto thread = [&](std::size_t number, const std::stop_token& local) {
    if (number == 0) {
      outcome = write(options, program, work, local);
    } else if (number == 1) {
      const pg::CancelOnStop cancel = snapshot.cancel_on(local);
      read_facts(snapshot, manifest);
    } else {
      read_tasks(reading, work, number == kOthers, local);
    }
  };
  try {
    util::run_workers(kOthers + reader_count(options.jobs), stop, thread);
  } catch (const util::Error&) {
    util::throw_if_stopped(stop);  // what the stop cancelled is no error of its own
    throw;
  }
  util::throw_if_stopped(stop);
  check_counts(work);
  record_content(work, outcome, manifest);
  record_making(options, program, outcome.plan, snapshot, manifest);
  return manifest;
}

}  // namespace dump
