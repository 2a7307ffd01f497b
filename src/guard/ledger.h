// The sessions of one run on the guarded database: each is a line of the journal before it does
// anything (K1), and each is counted, so that the others' can be told apart (F5).
//
// Threads: from any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guard/foreign.h"
#include "guard/journal.h"
#include "tap/tap.h"
#include "util/mutex.h"

namespace guard {

class SessionLedger {
 public:
  SessionLedger(Journal& journal, std::string database, std::string application)
      : journal_(journal), database_(std::move(database)), application_(std::move(application)) {}

  // Ours, logged in. `who`: dump, gate, runner … `backend_start` empty where it was not asked: the
  // name of the application tells those.
  void opened(std::string_view step, std::string_view who, const OwnSession& session);
  // One that the tap opened for the command.
  void opened(std::string_view step, const tap::SessionRecord& record);

  bool is_own(int pid, const std::string& application) const;
  IsOwn own() const;
  std::uint64_t counted() const;             // by pg_stat_database.sessions of the guarded database
  bool all_direct() const;                   // no pooler was seen between the tap and the server
  std::vector<OwnSession> sessions() const;  // those with a pid

 private:
  Journal& journal_;
  const std::string database_, application_;
  mutable util::Mutex mutex_;
  std::vector<OwnSession> sessions_ PGBELAY_GUARDED_BY(mutex_);
  std::uint64_t counted_ PGBELAY_GUARDED_BY(mutex_) = 0;
  bool all_direct_ PGBELAY_GUARDED_BY(mutex_) = true;
};

}  // namespace guard
