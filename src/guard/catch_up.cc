#include "guard/catch_up.h"

#include <algorithm>
#include <array>
#include <map>
#include <tuple>

#include "archive/custom_file.h"
#include "archive/entry_sql.h"
#include "backup/run.h"
#include "guard/journal.h"
#include "guard/space_watch.h"
#include "guard/sql_guard.h"
#include "guard/sql_hold.h"
#include "pg/session.h"
#include "scan/table.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"
#include "util/units.h"
#include "verify/verify.h"

namespace guard {
namespace {

using util::cat;
using util::Kind;

constexpr const char* kLabel = "catch-up";
const pg::QualifiedName kLargeObjects{"pg_catalog", "pg_largeobject"};
constexpr std::string_view kReadOnly = "default_transaction_read_only";  // what the hold sets

[[noreturn]] void definitions_changed(const std::string& what) {
  throw util::Error(Kind::Proof,
                    cat("the database was altered between the backup and the hold: ", what),
                    {.hint = "Start the run again when nobody creates, alters or drops objects.",
                     .sqlstate = {}});
}

// Definitions as the archive has them: what a restore would make, in an order of its own.
using Definition = std::tuple<std::string, std::string, std::string, std::string, std::string,
                              std::string, std::string>;

bool is_definition(const archive::TocEntry& entry) {
  constexpr std::array<std::string_view, 7> kNot{"TABLE DATA",
                                                 "SEQUENCE SET",
                                                 "MATERIALIZED VIEW DATA",
                                                 "STATISTICS DATA",
                                                 "DATABASE",
                                                 "DATABASE PROPERTIES",
                                                 "BLOBS"};
  const bool of_database = entry.tag.starts_with("DATABASE ");  // its comment, ACL, labels
  return std::find(kNot.begin(), kNot.end(), entry.desc) == kNot.end() && !of_database &&
         !archive::is_large_object_related(entry) && !archive::is_special(entry);
}

std::vector<Definition> definitions(const backup::Backup& backup) {
  const archive::CustomFileReader reader(backup.archive_path());
  std::vector<Definition> out;
  for (const archive::TocEntry& entry : reader.toc().entries) {
    if (!is_definition(entry)) continue;
    out.emplace_back(entry.desc, entry.schema.value_or(""), entry.tag,
                     entry.definition.value_or(""), entry.owner.value_or(""),
                     entry.tablespace.value_or(""), entry.table_access_method.value_or(""));
  }
  std::sort(out.begin(), out.end());
  return out;
}

void require_same_definitions(const backup::Backup& base, const backup::Backup& follow_up) {
  const std::vector<Definition> was = definitions(base);
  const std::vector<Definition> is = definitions(follow_up);
  if (was == is) return;
  const auto differing = std::mismatch(was.begin(), was.end(), is.begin(), is.end());
  const Definition& first = differing.first != was.end() && (differing.second == is.end() ||
                                                             *differing.first < *differing.second)
                                ? *differing.first
                                : *differing.second;
  const pg::QualifiedName name{std::get<1>(first), std::get<2>(first)};
  definitions_changed(cat(util::lower(std::get<0>(first)), " ",
                          name.schema.empty() ? util::printable(name.name) : name.display()));
}

void require_same_lists(const archive::Manifest& was, const archive::Manifest& is) {
  if (was.objects != is.objects) definitions_changed("objects were made or dropped");
  const auto same = [](const archive::ExtensionRecord& a, const archive::ExtensionRecord& b) {
    return std::tie(a.name, a.version, a.schema) == std::tie(b.name, b.version, b.schema);
  };
  if (!std::equal(was.extensions.begin(), was.extensions.end(), is.extensions.begin(),
                  is.extensions.end(), same))
    definitions_changed("extensions");
}

pg::DatabaseProperties without_hold(pg::DatabaseProperties properties) {
  std::erase_if(properties.settings, [](const pg::DatabaseSetting& setting) {
    return setting.role.empty() && setting.name == kReadOnly;
  });
  return properties;
}

const archive::TableRecord* find_table(const archive::Manifest& manifest,
                                       const pg::QualifiedName& name) {
  const auto found = std::find_if(
      manifest.tables.begin(), manifest.tables.end(),
      [&](const auto& table) { return table.schema == name.schema && table.table == name.name; });
  return found == manifest.tables.end() ? nullptr : &*found;
}

bool is_view(const archive::Manifest& manifest, const pg::QualifiedName& name) {
  return std::any_of(
      manifest.materialized_views.begin(), manifest.materialized_views.end(),
      [&](const auto& view) { return view.schema == name.schema && view.name == name.name; });
}

// Rows may be in another partition after they went through the root: all of such a tree together.
void complete_trees(const archive::Manifest& manifest, std::set<pg::QualifiedName>& tables) {
  std::set<std::string> roots;
  for (const pg::QualifiedName& name : tables) {
    const archive::TableRecord* const table = find_table(manifest, name);
    if (table != nullptr && !table->loaded_through.empty()) roots.insert(table->loaded_through);
  }
  for (const archive::TableRecord& table : manifest.tables) {
    if (roots.contains(table.loaded_through)) tables.insert({table.schema, table.table});
  }
}

bool differs(const WriteMarks& a, const WriteMarks& b, const std::string& catalogue) {
  const auto in_a = a.catalogs.find(catalogue);
  const auto in_b = b.catalogs.find(catalogue);
  if (in_a == a.catalogs.end() || in_b == b.catalogs.end()) return true;  // cannot be read
  return in_a->second != in_b->second;
}

bool sequences_moved(pg::Connection& live, const archive::Manifest& manifest) {
  const std::vector<scan::Sequence> now = scan::list_sequences(live);
  return !std::equal(now.begin(), now.end(), manifest.sequences.begin(), manifest.sequences.end(),
                     [](const scan::Sequence& is, const archive::SequenceRecord& was) {
                       return is.name == pg::QualifiedName{was.schema, was.name} &&
                              is.last_value == was.last_value && is.is_called == was.is_called;
                     });
}

class CatchUp {
 public:
  CatchUp(const RunContext& context, const Options& options, const CatchUpQuestion& question,
          SessionLedger& ledger, std::stop_token stop)
      : context_(context),
        options_(options),
        question_(question),
        ledger_(ledger),
        stop_(std::move(stop)) {}

  CaughtUp run() {
    WriteMarks base;
    const Changes changes = find(base);
    context_.journal.fact("hold", "changes",
                          {{"tables", cat(changes.tables.size())},
                           {"large_objects", changes.large_objects ? "yes" : "no"},
                           {"sequences", changes.sequences ? "yes" : "no"}});
    if (changes.none()) {
      return {.proof = std::nullopt,
              .follow_up = std::nullopt,
              .manifest = question_.backup.manifest,
              .base = std::move(base)};
    }
    backup::Backup follow_up = dump(changes);
    require_same_definitions(question_.backup, follow_up);
    require_same_lists(question_.backup.manifest, follow_up.manifest);
    context_.journal.fact(
        "hold", "follow-up",
        {{"name", follow_up.manifest.name}, {"sums_sha256", follow_up.sums_sha256}});
    std::optional<verify::Proof> proof;
    if (question_.proof.copy()) proof = catch_copy_up(follow_up);
    util::fault::point("hold.caught_up");
    archive::Manifest manifest = combined(question_.backup.manifest, follow_up.manifest);
    return {.proof = std::move(proof),
            .follow_up = std::move(follow_up),
            .manifest = std::move(manifest),
            .base = std::move(base)};
  }

 private:
  // Counters where they are exact (15+): every session that could write has ended, so all is
  // counted, and what was counted before the snapshot is in it. Otherwise everything is read.
  Changes find(WriteMarks& base) {
    Changes changes;
    std::optional<std::vector<pg::QualifiedName>> relations;
    {
      pg::Connection live =
          pg::Connection::open(context_.database, context_.names.application, stop_);
      ledger_.opened("hold", "catch-up",
                     {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
      const pg::CancelOnStop cancel(live, stop_);
      base = read_marks(live);
      if (without_hold(base.properties) != without_hold(question_.at_snapshot.properties))
        definitions_changed("properties of the database");
      pg::pin_settings(live, question_.backup.manifest.encoding);
      changes.sequences = sequences_moved(live, question_.backup.manifest);
      changes.definitions = base.catalogs != question_.at_snapshot.catalogs;
      relations = changed_relations(question_.at_snapshot.counters, base.counters);
    }
    if (relations) {
      by_counters(*relations, base, changes);
    } else {
      by_reading(changes);
    }
    complete_trees(question_.backup.manifest, changes.tables);
    add_views_above(changes);
    return changes;
  }

  void by_counters(const std::vector<pg::QualifiedName>& relations, const WriteMarks& base,
                   Changes& changes) {
    const archive::Manifest& manifest = question_.backup.manifest;
    for (const pg::QualifiedName& name : relations) {
      if (find_table(manifest, name) != nullptr)
        changes.tables.insert(name);
      else if (is_view(manifest, name))
        changes.views.insert(name);
      else if (name == kLargeObjects)
        changes.large_objects = true;
      else
        changes.definitions = true;  // a new one, or one that no dump holds
    }
    for (const char* catalogue : {"pg_largeobject_metadata", "pg_description", "pg_seclabel"}) {
      const bool about_them = std::string_view(catalogue) == "pg_largeobject_metadata" ||
                              !manifest.large_objects.empty();
      if (about_them && differs(question_.at_snapshot, base, catalogue))
        changes.large_objects = true;
    }
  }

  // By content (S10: always before 15, and after a reset or a crash).
  void by_reading(Changes& changes) {
    context_.reporter.note(
        "the server's counters cannot tell what changed: all tables are read under the hold");
    const archive::Manifest& manifest = question_.backup.manifest;
    std::map<std::string, pg::QualifiedName> names;
    for (const archive::TableRecord& table : manifest.tables) {
      const pg::QualifiedName name{table.schema, table.table};
      names.emplace(name.display(), name);
      if (!table.loaded_through.empty()) names.emplace(util::printable(table.loaded_through), name);
    }
    for (const archive::Finding& finding :
         verify::compare_content({manifest}, context_.database, context_.names.application,
                                 context_.jobs, context_.reporter, stop_)) {
      if (finding.severity != archive::Severity::Damage) continue;
      const auto table = names.find(finding.table);
      if (finding.code.starts_with("large-object")) {
        changes.large_objects = true;
      } else if (table != names.end() &&
                 (finding.code == "fingerprint" || finding.code == "generated-columns")) {
        changes.tables.insert(table->second);
      } else {
        changes.definitions = true;
      }
    }
    for (const archive::MaterializedViewRecord& view : manifest.materialized_views)
      changes.views.insert({view.schema, view.name});
  }

  // Those that read what changed; and those that were refreshed themselves are in already.
  void add_views_above(Changes& changes) {
    if (question_.backup.manifest.materialized_views.empty() || changes.tables.empty()) return;
    pg::Connection live =
        pg::Connection::open(context_.database, context_.names.application, stop_);
    ledger_.opened("hold", "catch-up",
                   {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
    for (const pg::QualifiedName& view :
         sql::views_above(live, {changes.tables.begin(), changes.tables.end()}))
      changes.views.insert(view);
  }

  verify::Proof catch_copy_up(const backup::Backup& follow_up) {
    verify::Options options = copy_options(context_);
    if (question_.place != nullptr && question_.place->elsewhere()) {
      options.server = question_.place->server();
      options.maintenance_db = question_.place->maintenance_db();
      return verify::catch_up(question_.proof, follow_up, options, context_.reporter, stop_);
    }
    const SpaceWatch watch(context_, context_.names.copy, WhenFull::GiveUp, stop_);
    try {
      verify::Proof proof =
          verify::catch_up(question_.proof, follow_up, options, context_.reporter, watch.token());
      context_.journal.fact("hold", "seal", seal_fields(*proof.copy()));
      return proof;
    } catch (const util::Error& failure) {
      watch.rethrow(failure);
    }
  }

  backup::Backup dump(const Changes& changes) {
    backup::Options wanted = options_.backup;
    wanted.dump.source = context_.database;
    wanted.dump.application_name = context_.names.application;
    if (wanted.dump.jobs == 0) wanted.dump.jobs = options_.jobs;
    wanted.dump.rate = wanted.dump.max_load = 0;  // writers wait for it
    wanted.nice = 0;
    wanted.read_back = backup::ReadBack::Yes;  // an undo may have to restore it
    wanted.dump.on_session = [&](int pid) {
      ledger_.opened("hold", "dump", {.pid = pid, .backend_start = {}});
    };
    wanted.dump.portion = dump::Portion{.tables = changes.tables,
                                        .views = changes.views,
                                        .follows = {.name = question_.backup.manifest.name,
                                                    .sums_sha256 = question_.backup.sums_sha256,
                                                    .large_objects = changes.large_objects}};
    wanted.dir = context_.names.folder;
    wanted.label = kLabel;
    wanted.run = context_.names.id;
    wanted.now = options_.now;
    return backup::run(wanted, context_.reporter, stop_);
  }

  const RunContext& context_;
  const Options& options_;
  const CatchUpQuestion& question_;
  SessionLedger& ledger_;
  const std::stop_token stop_;
};

}  // namespace

bool Changes::none() const noexcept {
  return tables.empty() && views.empty() && !large_objects && !sequences && !definitions;
}

CaughtUp catch_up(const RunContext& context, const Options& options,
                  const CatchUpQuestion& question, SessionLedger& ledger, std::stop_token stop) {
  return CatchUp(context, options, question, ledger, std::move(stop)).run();
}

archive::Manifest combined(archive::Manifest base, const archive::Manifest& follow_up) {
  for (const archive::TableRecord& table : follow_up.tables) {
    for (archive::TableRecord& old : base.tables) {
      if (old.schema == table.schema && old.table == table.table) old = table;
    }
  }
  for (const archive::MaterializedViewRecord& view : follow_up.materialized_views) {
    for (archive::MaterializedViewRecord& old : base.materialized_views) {
      if (old.schema == view.schema && old.name == view.name) old = view;
    }
  }
  base.sequences = follow_up.sequences;
  if (follow_up.follows && follow_up.follows->large_objects)
    base.large_objects = follow_up.large_objects;
  return base;
}

std::optional<backup::Backup> follow_up_of(const RunRecord& record) {
  const Event* const event = record.last_fact("follow-up");
  if (event == nullptr) return std::nullopt;
  backup::Backup found = backup::open(record.folder / event->get("name"));
  if (found.sums_sha256 == event->get("sums_sha256")) return found;
  throw util::Error(Kind::Proof,
                    cat("the follow-up ", found.path.string(), " is not the one that run ",
                        record.header.run, " has made"),
                    {.hint = "Put back what the run had written there.", .sqlstate = {}});
}

backup::Backup with_follow_up(backup::Backup backup,
                              const std::optional<backup::Backup>& follow_up) {
  if (follow_up) backup.manifest = combined(std::move(backup.manifest), follow_up->manifest);
  return backup;
}

}  // namespace guard
