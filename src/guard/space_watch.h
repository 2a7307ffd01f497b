// While a copy is loaded on the live server, or the contents are replaced there, the room on its
// disk is watched: what the database takes, and what its write-ahead log takes or is kept for
// replication slots. A server whose log has no room ends itself and everybody's sessions with it
// (postgres-hazards.md F9), so a load ends before that.
//
// Threads: its own one, with a connection of its own; a lost connection only ends the watching.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "guard/take_back.h"
#include "pg/connection.h"
#include "util/error.h"
#include "util/mutex.h"

namespace guard {

// Before the migration a load is given up. An undo goes on with a warning, as long as the server
// can be thought to have room for its next piece of log.
enum class WhenFull { GiveUp, Warn };

class SpaceWatch {
 public:
  // What `database` takes from now on counts; it need not exist yet. Nothing is watched where
  // nothing is known of the room.
  SpaceWatch(const RunContext& context, std::string database, WhenFull when_full,
             std::stop_token outer);
  ~SpaceWatch();
  SpaceWatch(const SpaceWatch&) = delete;
  SpaceWatch& operator=(const SpaceWatch&) = delete;

  // Stopped by the outer one, or by the watch.
  std::stop_token token() const { return stop_.get_token(); }
  // What a load with that token has failed with: as lack of room, if the watch stopped it.
  [[noreturn]] void rethrow(const util::Error& failure) const;

 private:
  struct Forward {
    std::stop_source* stop;
    void operator()() const noexcept { stop->request_stop(); }
  };
  struct Taken {
    std::uint64_t database = 0, log = 0;
  };
  struct Disk {
    std::optional<std::filesystem::path> folder;  // nothing: as stated
    std::uint64_t total = 0;                      // free when the watch began
  };

  std::vector<Disk> disks() const;
  Taken look();
  void run(const std::stop_token& ended);
  // Whether the load has to end.
  bool full(std::uint64_t used);

  const RunContext& context_;
  const std::string database_;
  const WhenFull when_full_;
  std::optional<pg::Connection> control_;
  std::vector<Disk> disks_;
  Taken before_;
  bool warned_ = false;
  std::stop_source stop_;
  std::stop_callback<Forward> forward_;
  mutable util::Mutex mutex_;
  std::string reason_ PGBELAY_GUARDED_BY(mutex_);
  std::jthread thread_;  // last
};

}  // namespace guard
