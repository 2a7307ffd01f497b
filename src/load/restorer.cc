#include "load/restorer.h"

#include <optional>
#include <utility>

#include "load/plan.h"
#include "load/sql_load.h"
#include "load/statements.h"
#include "pg/ident.h"
#include "pg/session.h"
#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace load {
namespace {

using archive::TocEntry;
using util::cat;

// One round trip for so many entries or bytes: few enough for the locks of one transaction.
constexpr std::size_t kTogether = 100;
constexpr std::size_t kTogetherBytes = 256U << 10U;
constexpr int kDeadlockRetries = 5;

constexpr std::string_view kForeignKeyViolation = "23503";
constexpr std::string_view kDeadlock = "40P01";
constexpr std::string_view kNotPopulated = "55000";

std::string special(const archive::Toc& toc, std::string_view desc, std::string_view otherwise) {
  for (const TocEntry& entry : toc.entries) {
    if (entry.desc == desc && entry.definition) return *entry.definition;
  }
  return std::string(otherwise);
}

}  // namespace

Restorer::Restorer(const Context& context, std::stop_token stop)
    : context_(context),
      stop_(std::move(stop)),
      own_(pg::Connection::open(context.options.target, context.options.application_name, stop_)),
      connection_(*own_),
      within_(false),
      cancel_(connection_, stop_) {
  prepare_session();
}

Restorer::Restorer(const Context& context, pg::Connection& connection, std::stop_token stop)
    : context_(context),
      stop_(std::move(stop)),
      connection_(connection),
      within_(connection.in_transaction()),
      cancel_(connection_, stop_) {
  prepare_session();
}

void Restorer::prepare_session() {
  pg::pin_settings(connection_, context_.toc.encoding());
  execute(session_settings());
  if (const std::string_view sql = log_settings(connection_.server_major()); !sql.empty()) {
    execute(sql);
  }
  execute(special(context_.toc, "STDSTRINGS", "SET standard_conforming_strings = on"));
  execute(special(context_.toc, "SEARCHPATH", "SET search_path = ''"));
}

util::Error Restorer::failed(const TocEntry& entry, const util::Error& failure) const {
  if (stop_.stop_requested()) return {util::Kind::Interrupted, "interrupted"};
  if (failure.kind() != util::Kind::Query && failure.kind() != util::Kind::Privilege) {
    util::Error same = failure;
    same.while_doing(cat("restoring ", display(entry)));
    return same;
  }
  return {failure.kind(),
          cat("cannot restore ", display(entry), ": ", failure.message()),
          {.hint = failure.hint(), .sqlstate = failure.sqlstate()}};
}

void Restorer::execute(std::string_view sql) {
  connection_.execute(sql);
  context_.tally.keep_warnings(connection_);
}

// One transaction, or one subtransaction of the caller's: a failure leaves nothing.
void Restorer::attempt(const std::string& sql) {
  if (!within_) return execute(sql);
  try {
    execute(cat("SAVEPOINT pgbelay_entry;\n", sql, ";\nRELEASE SAVEPOINT pgbelay_entry"));
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Connect)
      connection_.execute("ROLLBACK TO SAVEPOINT pgbelay_entry; RELEASE SAVEPOINT pgbelay_entry");
    throw;
  }
}

void Restorer::run(const std::string& sql) {
  for (int tries = 0;; ++tries) {
    try {
      attempt(sql);
      context_.tally.add_statements(1);
      return;
    } catch (const util::Error& failure) {
      // Keys of partitioned tables lock what the plan cannot know of; one of the two gets through.
      if (failure.sqlstate() != kDeadlock || tries == kDeadlockRetries) throw;
    }
  }
}

void Restorer::one(const TocEntry& entry) {
  util::throw_if_stopped(stop_);
  if (settled(entry)) return;
  const std::string sql = restoring_sql(context_.toc, entry, context_.options);
  if (sql.empty()) return;
  if (entry.section == archive::Section::PostData) context_.tally.working(display(entry));
  try {
    run(cat(index_settings(entry), sql));
    if (entry.desc == "EXTENSION") withdraw_comment(entry.tag);
  } catch (const util::Error& failure) {
    const std::optional<std::string> relaxed = not_valid(entry);
    if (failure.sqlstate() != kForeignKeyViolation || !relaxed) throw failed(entry, failure);
    try {
      run(*relaxed);
    } catch (const util::Error& again) {
      throw failed(entry, again);
    }
    context_.tally.warn(cat(display(entry),
                            ": rows of the source violate it, so it is NOT VALID here: ",
                            util::printable(failure.message())));
  }
}

bool Restorer::try_together(const std::string& sql) {
  try {
    attempt(sql);
    return true;
  } catch (const util::Error& failure) {
    connection_.take_notices();  // they come again
    if (failure.kind() == util::Kind::Connect || stop_.stop_requested()) throw;
    return false;
  }
}

void Restorer::all(const std::vector<const TocEntry*>& entries) {
  std::string sql;
  std::vector<const TocEntry*> waiting;
  const auto flush = [&] {
    util::throw_if_stopped(stop_);
    // A failure has undone all of them; one by one shows whose it is.
    if (waiting.size() > 1 && try_together(sql)) {
      context_.tally.add_statements(waiting.size());
    } else {
      for (const TocEntry* const entry : waiting) one(*entry);
    }
    sql.clear();
    waiting.clear();
  };
  for (const TocEntry* const entry : entries) {
    const bool alone = entry->desc == "EXTENSION" || commented_extension(*entry);
    if (alone) flush();
    sql += restoring_sql(context_.toc, *entry, context_.options);
    waiting.push_back(entry);
    if (alone || waiting.size() >= kTogether || sql.size() >= kTogetherBytes) flush();
  }
  flush();
}

void Restorer::last_pass(const std::vector<const TocEntry*>& entries) {
  std::vector<const TocEntry*> waiting = entries;
  while (!waiting.empty()) {
    std::vector<const TocEntry*> again;
    std::optional<util::Error> reason;
    for (const TocEntry* const entry : waiting) {
      try {
        one(*entry);
      } catch (const util::Error& failure) {
        if (entry->desc != "MATERIALIZED VIEW DATA" || failure.sqlstate() != kNotPopulated) throw;
        again.push_back(entry);
        reason = failure;
      }
    }
    if (reason && again.size() == waiting.size()) throw util::Error(*reason);
    waiting = std::move(again);
  }
}

bool Restorer::settled(const TocEntry& entry) {
  if (entry.desc == "EXTENSION") require_version(entry.tag);
  // Who does not own an extension may not comment on it, not even with what its script says already
  // (S3).
  const std::optional<std::string> extension = commented_extension(entry);
  return extension && entry.definition &&
         same_comment(*entry.definition, extension_comment(connection_, *extension));
}

// Of one without a comment in the source the script has made one. Only of a backup that says which
// extensions there were: an archive of others may have been made without comments. That of plpgsql,
// which is there before, is initdb's.
void Restorer::withdraw_comment(const std::string& extension) {
  if (!wanted_version(extension, context_.options) || extension == "plpgsql") return;
  for (const TocEntry& entry : context_.toc.entries) {
    if (commented_extension(entry) == extension) return;
  }
  if (extension_comment(connection_, extension).empty()) return;
  run(cat("COMMENT ON EXTENSION ", pg::quote_ident(extension), " IS NULL"));
}

void Restorer::require_version(const std::string& extension) {
  const std::optional<std::string> version = wanted_version(extension, context_.options);
  if (!version) return;
  const std::vector<std::string> there = extension_versions(connection_, extension);
  for (const std::string& one_of : there) {
    if (one_of == *version) return;
  }
  throw util::Error(
      util::Kind::Proof,
      cat("extension ", util::printable(extension), " cannot be installed in version ", *version,
          " of the source here: ",
          there.empty() ? std::string("the server has none")
                        : cat("the server has ", util::join(there, ", "))),
      {.hint = "Install that version's files on the server, or update the extension in the source "
               "first (ALTER "
               "EXTENSION … UPDATE), or let the copy be made by cloning the database.",
       .sqlstate = {}});
}

}  // namespace load
