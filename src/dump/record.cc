#include "dump/record.h"

#include "util/error.h"
#include "util/text.h"

namespace dump {
namespace {

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

void record_making(const Options& options, const std::string& pg_dump_version, const Plan& plan,
                   const Snapshot& snapshot, archive::Manifest& manifest) {
  manifest.pgbelay_version = PGBELAY_VERSION;
  manifest.pg_dump_version = pg_dump_version;
  manifest.source = options.source.sanitised();
  manifest.encoding = snapshot.encoding();
  manifest.snapshot = snapshot.text();
  manifest.archive_version = util::cat(plan.toc.version.major, ".", plan.toc.version.minor);
  manifest.compression = options.compress;
  manifest.formats = {"dump"};
  if (options.formats.sql) manifest.formats.emplace_back("sql");
  if (options.formats.csv) manifest.formats.emplace_back("csv");
  manifest.sql = options.sql;
}

}  // namespace

void record(const Options& options, const std::string& pg_dump_version, const Work& work,
            const Outcome& outcome, archive::Manifest& manifest) {
  check_counts(work);
  record_content(work, outcome, manifest);
  record_making(options, pg_dump_version, outcome.plan, work.snapshot, manifest);
}

}  // namespace dump
