// The order: others who write are kept out, so that they write nothing that would be lost; the
// failed state is backed up; then the database is closed, and everything is one transaction on one
// connection. The id of that transaction is durable, in the server's log and in the journal, before
// its COMMIT is sent: a server that crashes cannot give it to another one.
#include "guard/replace.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <thread>

#include "archive/custom_file.h"
#include "archive/followed.h"
#include "backup/run.h"
#include "guard/catch_up.h"
#include "guard/hold.h"
#include "guard/sequences.h"
#include "guard/space_watch.h"
#include "guard/sql_guard.h"
#include "guard/sql_preflight.h"
#include "guard/sql_replace.h"
#include "guard/strategy.h"
#include "guard/verdict.h"
#include "load/load.h"
#include "pg/database_properties.h"
#include "pg/ident.h"
#include "pg/session.h"
#include "swap/contents.h"
#include "swap/sessions.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"
#include "util/units.h"
#include "verify/verify.h"

namespace guard {
namespace {

using archive::TocEntry;
using util::cat;
using util::Kind;
using namespace std::chrono_literals;

constexpr std::string_view kFact = "replace";
constexpr const char* kFailedLabel = "failed";
constexpr auto kSessionPatience = 5s;
constexpr auto kOutcomePatience = 30s;  // for a transaction whose session has just ended
constexpr std::size_t kNamed = 3;       // findings in a message
constexpr std::uint32_t kNamespaces = 2615;
constexpr std::string_view kLockNotAvailable = "55P03";

// What became of an attempt whose COMMIT may have been sent. Nothing: none was.
enum class Fate { Committed, Aborted };
std::optional<Fate> fate_of(const RunContext& context, const RunRecord& record) {
  const Event* const fact = record.last_fact(kFact);
  if (fact == nullptr) return std::nullopt;
  if (fact->get("state") == "replaced") return Fate::Committed;
  const std::string id = fact->get("transaction");
  if (id.empty()) return std::nullopt;
  const auto deadline = std::chrono::steady_clock::now() + kOutcomePatience;
  for (;;) {
    const std::string status = sql::transaction_status(context.maintenance, id);
    if (status == "committed") return Fate::Committed;
    if (status == "aborted") return Fate::Aborted;
    if (status.empty() || std::chrono::steady_clock::now() >= deadline) {
      throw util::Error(
          Kind::NotUndone,
          cat("it is not known whether the old state is back: transaction ", id, " is ",
              status.empty() ? std::string("too old for the server to tell") : status),
          {.hint = cat("Look at the database; close the run as it is (pgbelay close ",
                       context.names.id, "), or restore backup ", record.info().backup, "."),
           .sqlstate = {}});
    }
    terminate(context.maintenance, named_sessions(context.maintenance, context.database.database(),
                                                  context.names.application));
    std::this_thread::sleep_for(50ms);
  }
}

// Which entries of the archive are there already, because they stay.
class There {
 public:
  explicit There(const swap::Contents& contents, const archive::Toc& toc)
      : contents_(contents), toc_(toc) {}

  bool operator()(const TocEntry& entry) const {
    if (is_about(entry)) return about_staying(entry);
    if (entry.desc == "EXTENSION")
      return contents_.staying_named("extension", entry.tag) != nullptr;
    if (const swap::StayingObject* const object = staying(entry)) return object != nullptr;
    if (entry.desc == "TABLE DATA" || entry.desc == "SEQUENCE SET") {
      const std::pair<std::string, std::string> name{entry.schema.value_or(""), entry.tag};
      return std::find(contents_.staying_relations.begin(), contents_.staying_relations.end(),
                       name) != contents_.staying_relations.end();
    }
    return false;
  }

 private:
  static bool is_about(const TocEntry& entry) {
    return entry.desc == "ACL" || entry.desc == "COMMENT" || entry.desc == "SECURITY LABEL";
  }
  const swap::StayingObject* staying(const TocEntry& entry) const {
    const auto class_oid = util::parse_u64(entry.catalog_oid).value_or(0);
    const auto oid = util::parse_u64(entry.object_oid).value_or(0);
    const swap::StayingObject* const object = contents_.staying_of(
        static_cast<std::uint32_t>(class_oid), static_cast<std::uint32_t>(oid));
    if (object != nullptr) return object;
    // A schema that the archive knows under another OID: one that was dropped and made again.
    return entry.desc == "SCHEMA" ? contents_.staying_named("schema", entry.tag) : nullptr;
  }
  // Privileges and comments of a schema of ours were reset, and come back. Without an entry of its
  // own, the subject is the server's or an extension's: unchanged, as the comparison will show.
  bool about_staying(const TocEntry& entry) const {
    if (entry.tag == "SCHEMA public") {
      const swap::StayingObject* const schema = contents_.staying_named("schema", "public");
      return schema != nullptr && !schema->ours;
    }
    const TocEntry* const subject =
        entry.dependencies.empty() ? nullptr : toc_.find(entry.dependencies.front());
    if (subject == nullptr) return entry.desc == "ACL";
    if (subject->desc == "EXTENSION") return (*this)(*subject);
    const swap::StayingObject* const object = staying(*subject);
    return object != nullptr && !(object->class_oid == kNamespaces && object->ours);
  }

  const swap::Contents& contents_;
  const archive::Toc& toc_;
};

// What is put in place: the run's backup, with what it caught up under a hold.
class OldContents {
 public:
  OldContents(const backup::Backup& backup, const std::optional<backup::Backup>& follow_up)
      : backup_(with_follow_up(backup::open(backup.path), follow_up)),
        first_(backup.archive_path()) {
    if (!follow_up) return;
    second_.emplace(follow_up->archive_path());
    const std::optional<archive::Manifest::Follows>& follows = follow_up->manifest.follows;
    followed_.emplace(first_, *second_,
                      follows && follows->large_objects ? archive::LargeObjectsOf::Second
                                                        : archive::LargeObjectsOf::First);
  }
  OldContents(const OldContents&) = delete;
  OldContents& operator=(const OldContents&) = delete;

  const backup::Backup& backup() const noexcept { return backup_; }
  const archive::Reader& archive() const noexcept {
    if (followed_) return *followed_;
    return first_;
  }

 private:
  const backup::Backup backup_;
  const archive::CustomFileReader first_;
  std::optional<archive::CustomFileReader> second_;
  std::optional<archive::FollowedReader> followed_;
};

class Replacing {
 public:
  Replacing(const RunContext& context, const OldContents& old, bool others)
      : context_(context),
        old_(old),
        backup_(old.backup()),
        others_(others),
        watch_(context, context.database.database(), WhenFull::Warn, {}),
        live_(pg::Connection::open(context.database, context.names.application)) {}

  void run() {
    try {
      replace();
    } catch (const util::Error& failure) {
      watch_.rethrow(failure);
    }
  }

 private:
  void replace() {
    pg::pin_settings(live_, backup_.manifest.encoding);
    live_.execute("set client_min_messages = warning");
    close();
    util::fault::point("undo.closed");
    pg::Transaction transaction(live_);
    const std::vector<SequenceStep> steps =
        others_ ? further_positions(live_, backup_) : std::vector<SequenceStep>{};
    drop();
    compare();
    advance(context_, live_, steps);
    pg::commit_durably(live_);
    const std::string id = sql::current_transaction(live_);
    pg::flush_commits(context_.maintenance);
    context_.journal.fact("undo", kFact, {{"state", "committing"}, {"transaction", id}});
    util::fault::point("undo.before_rename");
    transaction.commit();
  }

  // From now on nobody comes, and whoever was there is gone. A session that this role may not end
  // does no harm unless it holds a lock.
  void close() {
    context_.journal.fact("undo", kFact, {{"state", "closed"}});
    const std::vector<std::string> left = swap::close_to_others(
        context_.maintenance, context_.database.database(), live_.backend_pid(), kSessionPatience);
    for (const std::string& line : left)
      context_.reporter.note(cat("stays connected during the undo: ", line));
  }

  void drop() {
    sql::wait_for_locks(live_, true);
    const swap::Contents contents = swap::read_contents(live_);
    if (const std::vector<std::string> blockers = replace_blockers(live_, contents);
        !blockers.empty()) {
      throw util::Error(
          Kind::NotUndone,
          cat("the contents of the database cannot be replaced: ", util::join(blockers, "; ")),
          {.hint = "Remove what is listed, or run as a role that may, then run it again.",
           .sqlstate = {}});
    }
    try {
      swap::drop_contents(live_, contents);
    } catch (const util::Error& failure) {
      if (failure.sqlstate() != kLockNotAvailable) throw;
      throw util::Error(Kind::NotUndone,
                        cat("somebody holds a lock that does not go: ", failure.message()),
                        {.hint = "End the sessions that stay connected as a role that may, then "
                                 "run it again.",
                         .sqlstate = failure.sqlstate()});
    }
    sql::wait_for_locks(live_, false);
    if (backup_.manifest.has_public_schema && !sql::has_public_schema(live_))
      sql::make_public_schema(live_);
    restore(swap::read_contents(live_));
  }

  void restore(const swap::Contents& contents) {
    const archive::Reader& reader = old_.archive();
    const swap::StayingObject* const schema = contents.staying_named("schema", "public");
    load::Options options{.has_public_schema = backup_.manifest.has_public_schema,
                          .has_plpgsql = backup_.manifest.has_plpgsql,
                          .public_is_new = schema != nullptr && schema->ours};
    for (const archive::TableRecord& table : backup_.manifest.tables)
      options.total_bytes += table.raw_bytes;
    for (const archive::ExtensionRecord& extension : backup_.manifest.extensions)
      options.extensions.push_back({extension.name, extension.version});
    const load::Report report = load::run_within(
        reader, live_, options, There(contents, reader.toc()), context_.reporter, watch_.token());
    for (const std::string& warning : report.warnings) context_.reporter.warning(warning);
    pg::apply_properties(live_, live_.database(), verify::properties_of(backup_.manifest),
                         pg::CommentFrom::Properties);
  }

  void compare() {
    const std::optional<schema::Model> model = verify::recorded_model(backup_);
    const std::vector<archive::Finding> findings =
        verify::compare_within({.manifest = backup_.manifest, .model = model ? &*model : nullptr},
                               live_, context_.reporter, {});
    std::vector<std::string> lines;
    for (const archive::Finding& finding : findings) {
      if (finding.severity == archive::Severity::Damage) lines.push_back(finding.text);
    }
    if (pg::read_properties(live_, live_.database()) != verify::properties_of(backup_.manifest))
      lines.emplace_back("settings, privileges or comment of the database itself");
    if (lines.empty()) return;
    const std::size_t all = lines.size();
    lines.resize(std::min(all, kNamed));
    throw util::Error(
        Kind::NotUndone,
        cat("what was restored does not equal the backup, so it was not committed: ",
            util::join(lines, "; "), all > kNamed ? cat("; and ", all - kNamed, " more") : ""),
        {.hint = cat("The failed state is as it was. Restore the backup as a role that may create "
                     "databases: pgbelay restore ",
                     backup_.manifest.name),
         .sqlstate = {}});
  }

  const RunContext& context_;
  const OldContents& old_;
  const backup::Backup& backup_;
  const bool others_;
  const SpaceWatch watch_;
  pg::Connection live_;
};

std::string back_up_failed(const RunContext& context) {
  backup::Options wanted;
  wanted.dump.source = context.database;
  wanted.dump.application_name = context.names.application;
  wanted.dump.jobs = context.jobs;
  wanted.dump.formats = {.sql = false, .csv = false};
  wanted.dir = context.names.folder;
  wanted.label = kFailedLabel;
  wanted.run = context.names.id;
  try {
    const backup::Backup made = backup::run(wanted, context.reporter, {});
    context.journal.fact("undo", "failed_backup", {{"path", made.path.string()}});
    context.reporter.note(cat("the failed state is kept as a backup: ", made.path.string()));
    return made.path.string();
  } catch (const util::Error& failure) {
    throw util::Error(
        Kind::NotUndone,
        cat("the failed state could not be backed up before it is replaced: ", failure.message()),
        {.hint =
             cat(failure.hint(), failure.hint().empty() ? "" : " ",
                 "To undo without that: pgbelay undo ", context.names.id, " --no-failed-backup"),
         .sqlstate = failure.sqlstate()});
  }
}

std::string kept_before(const RunRecord& record) {
  const Event* const fact = record.last_fact("failed_backup");
  return fact == nullptr ? std::string() : fact->get("path");
}

// An error must not leave the database closed.
[[noreturn]] void give_up(const RunContext& context, util::Error failure) {
  try {
    swap::reopen(context.maintenance, context.database.database());
  } catch (const util::Error& cleanup) {
    failure.attach(cat("database ", util::printable(context.database.database()),
                       " is still closed: ", cleanup.message()));
  }
  if (failure.kind() == Kind::NotUndone || failure.kind() == Kind::Connect) throw failure;
  failure.while_doing("replacing the contents of the database");
  throw failure.as(Kind::NotUndone);
}

// The connection was lost at the COMMIT, or right after it: the server knows.
bool committed_after_all(const RunContext& context, const util::Error& failure) {
  if (failure.kind() != Kind::InDoubt && failure.kind() != Kind::Connect) return false;
  return fate_of(context, read_run(context.names.folder)) == Fate::Committed;
}

void replace_now(const RunContext& context, const OldContents& old, bool others) {
  try {
    Replacing(context, old, others).run();
  } catch (const util::Error& failure) {
    if (!committed_after_all(context, failure)) give_up(context, failure);
  }
  util::fault::point("undo.swapped");
}

// What an undo in place reads of a backup.
constexpr std::array<std::string_view, 4> kNeeded{"full_backup.dump", "schema.json",
                                                  "manifest.json", "SHA256SUMS"};

// Reads it all: the copies of the rows for people, which may be gone, are not needed.
void require_whole(const RunContext& context, const backup::Backup& backup) {
  for (const archive::Finding& finding : backup::check_written(backup, context.reporter, {})) {
    if (finding.severity != archive::Severity::Damage ||
        std::find(kNeeded.begin(), kNeeded.end(), finding.file) == kNeeded.end())
      continue;
    throw util::Error(Kind::Proof,
                      cat("backup ", backup.manifest.name,
                          " is not what was proven, and nothing was changed: ", finding.text),
                      {.hint = "Choose another backup (pgbelay list) and restore that: pgbelay "
                               "restore BACKUP",
                       .sqlstate = {}});
  }
}

// As the run has made it, by its sums.
std::optional<backup::Backup> recalled_follow_up(const RunRecord& record) {
  std::optional<backup::Backup> follow_up = follow_up_of(record);
  if (follow_up) verify::recall(*follow_up, std::nullopt, nullptr);
  return follow_up;
}

void require_no_prepared(const RunContext& context) {
  const std::vector<std::string> lines =
      swap::prepared_lines(context.maintenance, context.database.database());
  if (lines.empty()) return;
  throw util::Error(
      Kind::NotUndone, cat("the contents cannot be replaced: ", util::join(lines, "; ")),
      {.hint = "COMMIT or ROLLBACK PREPARED what is listed, then run it again.", .sqlstate = {}});
}

// What was dropped by its own migration has to be made again, by a role that may.
void require_there(const RunContext& context, const backup::Backup& backup) {
  const std::string& database = context.database.database();
  if (database_oid(context.maintenance, database) != 0) return;
  const pg::DatabaseProperties was = verify::properties_of(backup.manifest);
  throw util::Error(
      Kind::NotUndone,
      cat("there is no database ", util::printable(database), " whose contents could be replaced"),
      {.hint = cat("Let a role that may make it again, empty (CREATE DATABASE ",
                   pg::quote_ident(database), " TEMPLATE template0 OWNER ",
                   pg::quote_ident(was.owner), " ENCODING ", pg::quote_literal(was.encoding),
                   " LC_COLLATE ", pg::quote_literal(was.collate), " LC_CTYPE ",
                   pg::quote_literal(was.ctype), "), then run it again."),
       .sqlstate = {}});
}

// Rows of others; without a backup of the failed state they are nowhere else.
void save_rows(const RunContext& context, const Replacement& what) {
  const std::string database = context.database.database();
  if (what.failed == FailedState::BackUp) return tell_foreign_rows(context, what.backup, database);
  try {
    save_foreign_rows(context, what.backup, database);
  } catch (const util::Error& failure) {
    throw util::Error(
        Kind::NotUndone,
        cat("rows that others may have written could not be saved: ", failure.message()),
        {.hint = cat("To have them in a backup: pgbelay undo ", context.names.id,
                     " without --no-failed-backup."),
         .sqlstate = failure.sqlstate()});
  }
}

// What others write after the backup of the failed state would be in neither state, so they are
// kept out before it. Where the failed state stays they may write again, unless the run's own hold
// stands. What is kept, and where.
std::string back_up_and_replace(const RunContext& context, const Replacement& what) {
  try {
    const OldContents old(what.backup, recalled_follow_up(read_run(context.names.folder)));
    if (what.others) {
      keep_out_for_undo(context);
      save_rows(context, what);
    }
    std::string kept = what.failed == FailedState::BackUp ? back_up_failed(context) : std::string();
    replace_now(context, old, what.others);
    return kept;
  } catch (util::Error& failure) {
    try {
      if (held_for_undo(read_run(context.names.folder))) release_hold(context);
    } catch (const util::Error& cleanup) {
      failure.attach(cat("others may not write yet: ", cleanup.message()));
    }
    throw;
  }
}

}  // namespace

void require_replaceable(const RunContext& context, const backup::Backup& backup,
                         SessionLedger& ledger) {
  verify::recall(backup, std::nullopt, nullptr);
  require_whole(context, backup);
  if (const auto follow_up = recalled_follow_up(read_run(context.names.folder)))
    require_whole(context, *follow_up);
  const std::string& database = context.database.database();
  std::vector<std::string> lines = swap::prepared_lines(context.maintenance, database);
  for (const std::string& slot : logical_slots(context.maintenance, database))
    lines.push_back(cat("logical replication slot ", slot));
  for (const std::string& name : subscriptions(context.maintenance, database))
    lines.push_back(cat("subscription ", name));
  {
    pg::Connection live = pg::Connection::open(context.database, context.names.application);
    ledger.opened("undo", "preflight",
                  {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
    pg::pin_settings(live, backup.manifest.encoding);
    const std::vector<std::string> blockers = replace_blockers(live, swap::read_contents(live));
    lines.insert(lines.end(), blockers.begin(), blockers.end());
  }
  if (lines.empty()) return;
  throw util::Error(Kind::Preflight,
                    cat("the contents of database ", util::printable(database),
                        " cannot be replaced, and nothing was changed: ", util::join(lines, "; ")),
                    {.hint = "Remove what is listed, or run as a role that may, then run it again.",
                     .sqlstate = {}});
}

bool replacing(const RunContext& context, const RunRecord& record) {
  const Event* const fact = record.last_fact(kFact);
  if (fact == nullptr) return false;
  return fate_of(context, record) == Fate::Committed ||
         !allows_connections(context.maintenance, context.database.database());
}

TakenBack replace_contents(const RunContext& context, const Replacement& what) {
  const util::Stopwatch watch;
  context.reporter.step("undo", util::StepState::Begin, "");
  const RunRecord before = read_run(context.names.folder);
  context.journal.begin("undo", {{"strategy", "replace"}});
  util::fault::point("undo.begin");
  TakenBack out{.kept = kept_before(before), .cluster = {}};
  if (fate_of(context, before) != Fate::Committed) {
    require_there(context, what.backup);
    require_no_prepared(context);
    swap::reopen(context.maintenance, context.database.database());  // an attempt may have died
    out.kept = back_up_and_replace(context, what);
  }
  tell_release(context);  // which opens it under its own name, if the hold is exclusive
  swap::reopen(context.maintenance, context.database.database());
  context.journal.fact("undo", kFact, {{"state", "replaced"}});
  out.cluster = cluster_changes(context);
  util::fault::point("undo.before_end");
  context.journal.end("undo", {{"kept", out.kept}, {"cluster_changes", cat(out.cluster.size())}});
  std::string text = cat(util::show_duration(watch.elapsed()),
                         " · contents restored from the backup in place, compared before the "
                         "commit");
  if (!out.kept.empty()) text += cat(" · failed state kept as backup ", out.kept);
  if (!out.cluster.empty())
    text += cat(" · cluster-wide changes that remain: ", out.cluster.size());
  context.reporter.step("undo", util::StepState::Ok, text);
  return out;
}

}  // namespace guard
