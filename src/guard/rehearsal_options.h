// What is asked of a rehearsal.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace guard {

enum class Rehearse { Auto, Yes, No };  // Auto: files yes where there is room, a command no (K14)
enum class OnLimit { Stop, Warn };
enum class SharedObjects { Refuse, Allow };  // statements on roles, other databases … (F10)

// Above one of them the migration is not run.
struct RehearsalLimits {
  std::optional<std::chrono::milliseconds> max_lock;  // a lock that keeps readers or writers out
  std::optional<std::chrono::milliseconds> max_duration;
  std::optional<std::uint64_t> max_rewrite_bytes;  // of tables, with their indexes
};

// What the preflight knows of the live database; for the report.
struct LiveFigures {
  std::string server_version;
  std::uint64_t database_bytes = 0;
  std::optional<std::uint64_t> server_room;  // beside what the run needs anyway
};

struct RehearsalOptions {
  Rehearse when = Rehearse::No;
  RehearsalLimits limits;
  OnLimit on_limit = OnLimit::Stop;
  SharedObjects shared = SharedObjects::Refuse;
  LiveFigures live;  // filled in by decide_rehearsal()
};

}  // namespace guard
