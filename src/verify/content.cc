// What "proven" means (contracts.md K3): rows of every table, positions of sequences, large objects
// with owner, ACL and comment, generated columns, materialised views after their refresh, the list
// of objects, and what is fixed when a database is made.
#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "pg/database_properties.h"
#include "pg/session.h"
#include "scan/table.h"
#include "util/mutex.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"
#include "verify/differences.h"
#include "verify/early.h"
#include "verify/reading.h"
#include "verify/untouched.h"
#include "verify/verify.h"

namespace verify {
namespace {

using archive::Finding;
using archive::Severity;
using codec::Fingerprint;
using util::cat;

constexpr std::size_t kLargeObjectsPerJob = 256;
constexpr std::uint64_t kPageBytes = 8192;

// Sums that several jobs add to.
class SharedSum {
 public:
  void add(const Fingerprint& part) {
    const util::Lock lock(mutex_);
    sum_ += part;
  }
  Fingerprint get() {
    const util::Lock lock(mutex_);
    return sum_;
  }

 private:
  util::Mutex mutex_;
  Fingerprint sum_ PGBELAY_GUARDED_BY(mutex_);
};

struct TableCheck {
  const archive::TableRecord* record = nullptr;
  SharedSum rows, generated;
  bool generated_read = false;
};

struct ViewCheck {
  const archive::MaterializedViewRecord* record = nullptr;
  Fingerprint sum;
};

struct LargeObjectCheck {
  const archive::LargeObjectRecord* record = nullptr;
  scan::LargeObjectSum sum;
};

bool has_columns(const std::vector<std::string>& there, const std::vector<std::string>& wanted) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const std::string& column) {
    return std::find(there.begin(), there.end(), column) != there.end();
  });
}

std::string difference(const Fingerprint& now, const Fingerprint& before) {
  if (now.rows != before.rows) {
    return cat("has ", util::show_count(now.rows), " rows, ", util::show_count(before.rows),
               " in the backup");
  }
  return cat("differs in its ", util::show_count(now.rows), " rows: fingerprint ", now.value(),
             ", ", before.value(), " in the backup");
}

class Comparison {
 public:
  Comparison(const Expected& expected, Reading reading, std::stop_token stop)
      : expected_(expected),
        manifest_(expected.manifest),
        reading_(std::move(reading)),
        stop_(std::move(stop)),
        own_(open_reader(reading_, stop_)),
        lists_(*own_) {}
  // Everything by `within`, whose transaction is open.
  Comparison(const Expected& expected, pg::Connection& within, std::stop_token stop)
      : expected_(expected), manifest_(expected.manifest), stop_(std::move(stop)), lists_(within) {}

  std::vector<Finding> run(const Rest& rest, util::Reporter& reporter) {
    std::optional<Untouched> untouched;
    if (rest.close) untouched.emplace(lists_, reading_.application_name);
    if (rest.early != nullptr) settled_ = rest.early->settled(lists_, reading_.application_name);
    plan_tables();
    plan_huge_rows();
    plan_views();
    plan_large_objects();
    compare_lists();
    if (own_) {
      run_jobs(reading_, std::move(jobs_), reporter, stop_);
    } else {
      run_jobs_within(lists_, jobs_, reporter, stop_);
    }
    judge_tables();
    judge_views();
    judge_large_objects();
    if (untouched && std::none_of(findings_.begin(), findings_.end(), is_damage)) {
      rest.close(lists_.backend_pid());
      untouched->require(lists_, manifest_);
    }
    return std::move(findings_);
  }

 private:
  void add(std::vector<Finding> findings) {
    std::move(findings.begin(), findings.end(), std::back_inserter(findings_));
  }
  void add(Finding finding) { findings_.push_back(std::move(finding)); }

  void compare_lists() {
    const pg::CancelOnStop cancel(lists_, stop_);
    add(compare_properties(manifest_, lists_));
    compare_schema();
    add(compare_sequences(manifest_, lists_));
  }

  void compare_schema() {
    if (expected_.model != nullptr) {
      if (!own_) return add(compare_models(*expected_.model, lists_));
      pg::Connection own =
          pg::Connection::open(reading_.database, reading_.application_name, stop_);
      const pg::CancelOnStop cancel(own, stop_);
      pg::pin_settings(own, reading_.encoding);
      return add(compare_models(*expected_.model, own));
    }
    add(compare_extensions(manifest_, lists_));
    add(compare_objects(manifest_, lists_, Additional::Report));
  }

  void plan_tables() {
    std::map<pg::QualifiedName, scan::Table> there;
    for (scan::Table& table : scan::list_tables(lists_))
      there.emplace(table.name, std::move(table));
    for (const archive::TableRecord& record : manifest_.tables) {
      const auto found = there.find({record.schema, record.table});
      const std::string name = shown(record.schema, record.table);
      if (found == there.end()) {
        add(damage("table-missing", name, cat("table ", name, " is missing")));
      } else if (!has_columns(found->second.columns, record.columns) ||
                 found->second.columns.size() != record.columns.size()) {
        add(damage("columns", name, cat("table ", name, " has other columns")));
      } else {
        plan_table(record, found->second);
      }
      if (found != there.end()) there.erase(found);
    }
    if (manifest_.follows) return;  // the others are as in the backup that it follows
    for (const auto& [name, table] : there) {
      add(damage("table-additional", name.display(),
                 cat("table ", name.display(), " was not in the backup")));
    }
  }

  // Both sides are read with the source's column list, by name (S13).
  void plan_table(const archive::TableRecord& record, const scan::Table& table) {
    const auto check = std::make_shared<TableCheck>();
    check->record = &record;
    tables_.push_back(check);
    if (settled_.contains(record.dump_id)) {
      check->rows.add(record.fingerprint);
    } else {
      plan_rows(check, table);
    }
    if (!record.generated_columns.empty()) plan_generated(check, table);
  }

  void plan_rows(const std::shared_ptr<TableCheck>& check, const scan::Table& table) {
    const std::vector<scan::PageRange> ranges = scan::readable_ranges(lists_, table);
    const std::uint64_t bytes = ranges.size() > 1 ? scan::kChunkPages * kPageBytes : table.bytes;
    std::vector<Job>& jobs = has_huge_rows(*check->record) ? huge_ : jobs_;
    for (const scan::PageRange& range : ranges) {
      jobs.push_back({bytes, [check, range, table](pg::Connection& connection) {
                        check->rows.add(scan::fingerprint(
                            connection, table.name, check->record->columns, table.filter, range));
                      }});
    }
  }

  // Each worker holds a row twice: those that are huge are read by one of them (contracts.md K15).
  void plan_huge_rows() {
    if (huge_.empty()) return;
    std::uint64_t bytes = 0;
    for (const Job& job : huge_) bytes += job.bytes;
    jobs_.push_back({bytes, [this](pg::Connection& connection) {
                       for (const Job& job : huge_) {
                         util::throw_if_stopped(stop_);
                         job.work(connection);
                       }
                     }});
  }

  void plan_generated(const std::shared_ptr<TableCheck>& check, const scan::Table& table) {
    const archive::TableRecord& record = *check->record;
    if (!has_columns(table.generated, record.generated_columns)) {
      const std::string name = shown(record.schema, record.table);
      add(damage("columns", name, cat("table ", name, " has other generated columns")));
      return;
    }
    check->generated_read = true;
    std::vector<Job>& jobs = has_huge_rows(record) ? huge_ : jobs_;
    jobs.push_back({table.bytes, [check, table](pg::Connection& connection) {
                      check->generated.add(scan::fingerprint_by_query(
                          connection, table.name, check->record->generated_columns, table.filter));
                    }});
  }

  void plan_views() {
    std::map<pg::QualifiedName, scan::MaterializedView> there;
    for (scan::MaterializedView& view : scan::list_materialized_views(lists_)) {
      there.emplace(view.name, std::move(view));
    }
    for (const archive::MaterializedViewRecord& record : manifest_.materialized_views) {
      const auto found = there.find({record.schema, record.name});
      const std::string name = shown(record.schema, record.name);
      if (found == there.end()) {
        add(damage("matview-missing", name, cat("materialised view ", name, " is missing")));
      } else if (found->second.populated != record.populated) {
        add(damage("matview-populated", name,
                   cat("materialised view ", name, " is ",
                       record.populated ? "not populated, and was" : "populated, and was not")));
      } else if (record.populated && has_columns(found->second.columns, record.columns)) {
        plan_view(record, found->first);
      }
    }
  }

  void plan_view(const archive::MaterializedViewRecord& record, const pg::QualifiedName& name) {
    const auto check = std::make_shared<ViewCheck>();
    check->record = &record;
    views_.push_back(check);
    jobs_.push_back({0, [check, name](pg::Connection& connection) {
                       check->sum =
                           scan::fingerprint_by_query(connection, name, check->record->columns, "");
                     }});
  }

  void plan_large_objects() {
    if (manifest_.follows && !manifest_.follows->large_objects) return;
    std::map<std::uint32_t, scan::LargeObject> there;
    for (scan::LargeObject& object : scan::list_large_objects(lists_))
      there.emplace(object.oid, std::move(object));
    for (const archive::LargeObjectRecord& record : manifest_.large_objects) {
      const auto found = there.find(record.oid);
      if (found == there.end()) {
        add(damage("large-object-missing", {}, cat("large object ", record.oid, " is missing")));
        continue;
      }
      compare_large_object(record, found->second);
      there.erase(found);
      objects_.push_back({&record, {}});
    }
    for (const auto& [oid, object] : there) {
      add(damage("large-object-additional", {},
                 cat("large object ", oid, " was not in the backup")));
    }
    for (std::size_t first = 0; first < objects_.size(); first += kLargeObjectsPerJob) {
      plan_large_object_job(first, std::min(first + kLargeObjectsPerJob, objects_.size()));
    }
  }

  void plan_large_object_job(std::size_t first, std::size_t last) {
    std::uint64_t bytes = 0;
    for (std::size_t at = first; at < last; ++at) bytes += objects_[at].record->bytes;
    jobs_.push_back({bytes, [this, first, last](pg::Connection& connection) {
                       std::optional<pg::Transaction> transaction;
                       if (!connection.in_transaction())
                         transaction.emplace(connection, pg::Transaction::Mode::RepeatableReadOnly);
                       std::vector<std::uint32_t> oids;
                       for (std::size_t at = first; at < last; ++at)
                         oids.push_back(objects_[at].record->oid);
                       std::vector<scan::LargeObjectSum> sums =
                           scan::sum_large_objects(connection, oids);
                       for (std::size_t n = 0; n < sums.size(); ++n)
                         objects_[first + n].sum = std::move(sums[n]);
                     }});
  }

  void compare_large_object(const archive::LargeObjectRecord& was, const scan::LargeObject& is) {
    const auto compare = [&](std::string_view what, bool same, const std::string& before,
                             const std::string& now) {
      if (same) return;
      add(damage("large-object-property", {},
                 cat("large object ", was.oid, ": its ", what, " is \"", util::printable(now),
                     "\", was \"", util::printable(before), "\"")));
    };
    compare("owner", was.owner == is.owner, was.owner, is.owner);
    compare("comment", was.comment == is.comment, was.comment, is.comment);
    compare("ACL", same_acl(was.owner, was.acl, is.acl), was.acl, is.acl);
  }

  void judge_tables() {
    for (const std::shared_ptr<TableCheck>& check : tables_) {
      if (!check->record->loaded_through.empty()) continue;
      judge_rows(shown(check->record->schema, check->record->table), check->rows.get(),
                 check->record->fingerprint);
      if (!check->generated_read) continue;
      judge_generated(shown(check->record->schema, check->record->table), check->generated.get(),
                      check->record->generated);
    }
    judge_partitions();
  }

  // Rows that are loaded through a partitioned table may come back in another partition of it: all
  // partitions together hold what they held.
  void judge_partitions() {
    struct Sums {
      Fingerprint rows, recorded_rows, generated, recorded_generated;
    };
    std::map<std::string, Sums> roots;
    for (const std::shared_ptr<TableCheck>& check : tables_) {
      if (check->record->loaded_through.empty()) continue;
      Sums& sums = roots[check->record->loaded_through];
      sums.rows += check->rows.get();
      sums.recorded_rows += check->record->fingerprint;
      if (!check->generated_read) continue;
      sums.generated += check->generated.get();
      sums.recorded_generated += check->record->generated;
    }
    for (const auto& [root, sums] : roots) {
      judge_rows(util::printable(root), sums.rows, sums.recorded_rows);
      judge_generated(util::printable(root), sums.generated, sums.recorded_generated);
    }
  }

  void judge_rows(const std::string& name, const Fingerprint& now, const Fingerprint& before) {
    if (now == before) return;
    add(damage("fingerprint", name, cat("table ", name, " ", difference(now, before))));
  }

  void judge_generated(const std::string& name, const Fingerprint& now, const Fingerprint& before) {
    if (now == before) return;
    add(damage("generated-columns", name,
               cat("generated columns of ", name, ": ", difference(now, before)),
               "A function that they call was changed after the rows had been written."));
  }

  void judge_views() {
    for (const std::shared_ptr<ViewCheck>& check : views_) {
      if (check->sum == check->record->fingerprint) continue;
      const std::string name = shown(check->record->schema, check->record->name);
      Finding finding = damage(
          "matview-stale", name,
          cat("materialised view ", name, " was stale at the snapshot, refreshed by the restore"));
      finding.severity = Severity::Note;
      add(std::move(finding));
    }
  }

  void judge_large_objects() {
    for (const LargeObjectCheck& check : objects_) {
      if (check.sum.sha256 == check.record->sha256 && check.sum.bytes == check.record->bytes)
        continue;
      add(damage("large-object", {},
                 cat("large object ", check.record->oid, " has ", check.sum.bytes,
                     " bytes, sha256 ", check.sum.sha256, "; ", check.record->bytes, " and ",
                     check.record->sha256, " in the backup")));
    }
  }

  const Expected expected_;
  const archive::Manifest& manifest_;
  Reading reading_;
  std::stop_token stop_;
  std::optional<pg::Connection> own_;
  pg::Connection& lists_;
  std::set<int> settled_;  // tables, by the dump id of their data
  std::vector<std::shared_ptr<TableCheck>> tables_;
  std::vector<std::shared_ptr<ViewCheck>> views_;
  std::vector<LargeObjectCheck> objects_;
  std::vector<Job> jobs_;
  std::vector<Job> huge_;  // one after the other, by one of the jobs
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> compare_content(const Expected& expected, const pg::ConnInfo& database,
                                     const std::string& application_name, std::size_t jobs,
                                     util::Reporter& reporter, std::stop_token stop) {
  return compare_rest(expected, database, application_name, jobs, {}, reporter, std::move(stop));
}

std::vector<Finding> compare_within(const Expected& expected, pg::Connection& connection,
                                    util::Reporter& reporter, std::stop_token stop) {
  return Comparison(expected, connection, std::move(stop)).run({}, reporter);
}

std::vector<Finding> compare_rest(const Expected& expected, const pg::ConnInfo& database,
                                  const std::string& application_name, std::size_t jobs,
                                  const Rest& rest, util::Reporter& reporter,
                                  std::stop_token stop) {
  Reading reading{.database = database,
                  .application_name = application_name,
                  .encoding = expected.manifest.encoding,
                  .jobs = jobs};
  return Comparison(expected, std::move(reading), std::move(stop)).run(rest, reporter);
}

}  // namespace verify
