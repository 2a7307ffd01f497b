// One connection that restores entries: its own, or the caller's within an open transaction, where
// what may fail and be tried otherwise is a subtransaction.
//
// Failure: an error that names the entry, with the server's SQLSTATE; Kind::Interrupted after a
// stop. Threads: one at a time.
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "archive/toc.h"
#include "load/load.h"
#include "load/tally.h"
#include "pg/connection.h"
#include "util/error.h"

namespace load {

// What the connections of one load share.
struct Context {
  const archive::Toc& toc;
  const Options& options;
  Tally& tally;
};

class Restorer {
 public:
  // Connects and brings the session into the state that the archive wants.
  Restorer(const Context& context, std::stop_token stop);
  // The same with a connection of the caller's.
  Restorer(const Context& context, pg::Connection& connection, std::stop_token stop);
  Restorer(const Restorer&) = delete;
  Restorer& operator=(const Restorer&) = delete;

  void one(const archive::TocEntry& entry);
  // One after the other, many in one round trip.
  void all(const std::vector<const archive::TocEntry*>& entries);
  // Refreshes, event triggers. A view that needs another one refreshed first is tried again after
  // it.
  void last_pass(const std::vector<const archive::TocEntry*>& entries);
  // Statements of ours, not of an entry.
  void execute(std::string_view sql);

  pg::Connection& connection() noexcept { return connection_; }
  // Whether everything is one transaction of the caller's.
  bool within() const noexcept { return within_; }
  const Context& context() const noexcept { return context_; }
  const std::stop_token& stop() const noexcept { return stop_; }
  // `failure` as a failure of restoring `entry`.
  util::Error failed(const archive::TocEntry& entry, const util::Error& failure) const;

 private:
  void prepare_session();
  void attempt(const std::string& sql);
  bool try_together(const std::string& sql);
  void run(const std::string& sql);
  bool settled(const archive::TocEntry& entry);
  void require_version(const std::string& extension);
  void withdraw_comment(const std::string& extension);

  const Context context_;
  const std::stop_token stop_;
  std::optional<pg::Connection> own_;
  pg::Connection& connection_;
  const bool within_;
  const pg::CancelOnStop cancel_;
};

}  // namespace load
