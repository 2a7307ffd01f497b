// The journal of a run: every step is written ahead and durable before it begins (architecture.md
// §6, K20).
//
// Guarantees: a line that append returned from survives a power cut; a torn last line is ignored by
// readers and cut off by whoever appends next. The file is locked by the process that appends, so a
// run that died shows itself at once, on this machine, whatever became of its pid. Failure:
// Kind::Io (Space); Kind::Busy when another process appends. Threads: appending from any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "guard/undo.h"
#include "util/clock.h"
#include "util/error.h"

namespace guard {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct RunHeader {  // line 1
  std::string run, key, database;
  std::string source;  // sanitised
  std::string host;
  std::string system_identifier;
  int pid = 0;
  std::string boot_id;
  std::string version;  // of pgbelay
  std::string started_at;
  std::vector<std::string> command;  // scrubbed
};

enum class EventKind { Begin, End, Fact };

struct Event {
  std::uint64_t seq = 0;
  std::string at;
  std::string step;
  EventKind kind = EventKind::Fact;
  std::string name;  // of a fact
  Fields fields;
  std::string get(std::string_view field) const;  // "" if it is not there
};

class Journal {
 public:
  // A new run: its folder is made, line 1 written. `host`, `pid`, `boot_id`, `started_at` are
  // filled in.
  static Journal create(const std::filesystem::path& folder, RunHeader header, util::Now now);
  // Goes on with an existing one.
  static Journal resume(const std::filesystem::path& folder, util::Now now);
  Journal(Journal&&) noexcept;
  Journal& operator=(Journal&&) noexcept;
  ~Journal();

  void begin(std::string_view step, const Fields& fields = {});
  void end(std::string_view step, const Fields& fields = {});
  // Ended by the error, which stays the one that is told: a line that cannot be written is
  // attached.
  void failed(std::string_view step, util::Error& error);
  void fact(std::string_view step, std::string_view name, const Fields& fields = {});

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

// What a journal says, for a new process.
struct RunRecord {
  RunHeader header;
  std::vector<Event> events;
  std::filesystem::path folder;
  bool running = false;  // some process appends to it now

  bool begun(std::string_view step) const;
  const Event* last_end(std::string_view step) const;   // nullptr if there is none
  const Event* last_fact(std::string_view name) const;  // nullptr if there is none
  std::vector<const Event*> facts(std::string_view name) const;
  RunInfo info() const;
};

// Kind::Damage if line 1 cannot be read.
RunRecord read_run(const std::filesystem::path& folder);

constexpr std::string_view kJournalFile = "journal.jsonl";

}  // namespace guard
