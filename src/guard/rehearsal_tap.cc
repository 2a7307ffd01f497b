#include "guard/rehearsal_tap.h"

#include <algorithm>

#include "guard/sql_guard.h"
#include "guard/statement_record.h"
#include "migrate/apply.h"
#include "migrate/reach.h"
#include "util/error.h"
#include "util/text.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr auto kEndPatience = 20s;
constexpr std::size_t kKeptBytes = 4U << 20U;   // of statements' texts
constexpr std::size_t kStatementBytes = 2'000;  // of one

}  // namespace

RehearsalTap::RehearsalTap(const RehearsalTapOptions& options)
    : context_(options.context),
      ledger_(options.ledger),
      shared_(options.shared),
      scrubber_(options.scrubber),
      control_(swap::open_maintenance(options.context.database, options.context.maintenance_db,
                                      options.context.names.application, {})),
      sampler_({.control = control_,
                .database = database_oid(control_, options.context.names.rehearsal),
                .pids = [this] { return pids(); }}),
      tap_({.server = options.context.database,
            .application_name = options.context.names.application,
            .startup_settings = {"default_transaction_read_only=off"},
            .on_session = [this](const tap::SessionRecord& record) { entered(record); },
            .on_statement = [this](const tap::SessionRecord&,
                                   std::string_view statement) { before(statement); },
            .on_finished = [this](const tap::SessionRecord&,
                                  const tap::FinishedStatement& done) { finished(done); },
            .database_for = [this](const std::string& name) { return database_for(name); }}),
      root_(options.context.names.folder, tap_.certificate()) {}

Redirect RehearsalTap::redirect() const {
  return {.host = tap_.host(),
          .port = tap_.port(),
          .password = tap_.password(),
          .database = context_.names.rehearsal,
          .phase = "rehearse",
          .root_certificate = root_.path()};
}

pg::ConnInfo RehearsalTap::conninfo() const {
  return pg::ConnInfo::parse(context_.database.with_database(context_.names.rehearsal)
                                 .redirected(tap_.host(), tap_.port(), tap_.password())
                                 .reveal());  // for our own connection only
}

void RehearsalTap::end() {
  pg::Connection control = swap::open_maintenance(context_.database, context_.maintenance_db,
                                                  context_.names.application, {});
  tap_.end_sessions(kEndPatience, control);
  sampler_.stop();
}

std::string RehearsalTap::database_for(const std::string& name) const {
  const std::string& clone = context_.names.rehearsal;
  if (name == context_.database.database() || name == clone) return clone;
  throw util::Error(util::Kind::Connect,
                    cat("in a rehearsal only the copy of database ", context_.database.database(),
                        " can be reached, not database ", util::printable(name)),
                    {.hint = "pgbelay rehearses on a copy", .sqlstate = "42501"});
}

void RehearsalTap::entered(const tap::SessionRecord& record) {
  ledger_.opened("rehearsal", record);
  const util::Lock hold(mutex_);
  pids_.push_back(record.backend_pid);
}

void RehearsalTap::before(std::string_view statement) {
  ++count_;
  const std::optional<std::string> outside =
      migrate::reaches_outside(statement, {context_.names.rehearsal});
  if (may_lock(statement)) sampler_.hurry();
  if (ends_transaction(statement)) sampler_.look();  // all its locks are still held
  if (!outside || shared_ == SharedObjects::Allow) return;
  const util::Lock hold(mutex_);
  if (std::find(refused_.begin(), refused_.end(), *outside) == refused_.end())
    refused_.push_back(*outside);
  throw util::Error(util::Kind::Findings,
                    cat("refused in a rehearsal, because it reaches beyond the copy: ",
                        util::printable(*outside)),
                    {.hint = "", .sqlstate = "42501"});
}

void RehearsalTap::finished(const tap::FinishedStatement& statement) {
  if (statement.sqlstate.empty() && statement.statement.starts_with(migrate::kOwnStatement)) return;
  const std::string text(
      util::cut_utf8(without_secrets(statement.statement, scrubber_), kStatementBytes));
  const util::Lock hold(mutex_);
  if (kept_bytes_ + text.size() > kKeptBytes) {
    ++left_out_;
    return;
  }
  kept_bytes_ += text.size();
  statements_.push_back({.number = statements_.size() + 1,
                         .pid = statement.backend_pid,
                         .text = text,
                         .tag = statement.tag,
                         .sqlstate = statement.sqlstate,
                         .begin = statement.begin,
                         .end = statement.end});
}

std::vector<int> RehearsalTap::pids() const {
  const util::Lock hold(mutex_);
  return pids_;
}

std::vector<RehearsedStatement> RehearsalTap::statements() const {
  const util::Lock hold(mutex_);
  return statements_;
}

std::uint64_t RehearsalTap::left_out() const {
  const util::Lock hold(mutex_);
  return left_out_;
}

std::vector<std::string> RehearsalTap::refused() const {
  const util::Lock hold(mutex_);
  return refused_;
}

}  // namespace guard
