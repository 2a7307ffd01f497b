#include "guard/ledger.h"

#include <algorithm>

#include "util/text.h"

namespace guard {

void SessionLedger::opened(std::string_view step, std::string_view who, const OwnSession& session) {
  journal_.fact(step, "session",
                {{"who", std::string(who)},
                 {"pid", util::cat(session.pid)},
                 {"backend_start", session.backend_start}});
  const util::Lock hold(mutex_);
  if (session.pid != 0) sessions_.push_back(session);
  ++counted_;
}

void SessionLedger::opened(std::string_view step, const tap::SessionRecord& record) {
  const bool counted =
      record.database == database_ && !record.replication;  // elsewhere, or not at all
  journal_.fact(step, "session",
                {{"who", "tap"},
                 {"pid", util::cat(record.backend_pid)},
                 {"backend_start", record.backend_start},
                 {"database", record.database},
                 {"application", record.application},
                 {"counted", counted ? "yes" : "no"},
                 {"direct", record.direct ? "yes" : "no"}});
  const util::Lock hold(mutex_);
  sessions_.push_back({.pid = record.backend_pid, .backend_start = record.backend_start});
  if (!counted) return;
  if (!record.direct) all_direct_ = false;
  ++counted_;
}

bool SessionLedger::is_own(int pid, const std::string& application) const {
  if (application == application_) return true;
  const util::Lock hold(mutex_);
  return std::any_of(sessions_.begin(), sessions_.end(),
                     [&](const OwnSession& session) { return session.pid == pid; });
}

IsOwn SessionLedger::own() const {
  return [this](int pid, const std::string& application) { return is_own(pid, application); };
}

std::uint64_t SessionLedger::counted() const {
  const util::Lock hold(mutex_);
  return counted_;
}

bool SessionLedger::all_direct() const {
  const util::Lock hold(mutex_);
  return all_direct_;
}

std::vector<OwnSession> SessionLedger::sessions() const {
  const util::Lock hold(mutex_);
  return sessions_;
}

}  // namespace guard
