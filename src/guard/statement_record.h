// statements.jsonl in the run's folder: what the migration has run on the database, a JSON object a
// line in the order of their ends, behind a first line with its schema and the run.
//
// Guarantees: 0600 and bounded; neither secrets of the run nor a literal behind the word PASSWORD
// stands in it. Written behind: of a run that is killed the last moments may be missing. Failure:
// of a disk that is full the migration hears nothing, finish() warns. Threads: hide() before the
// others, these from any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/apply.h"
#include "util/clock.h"
#include "util/files.h"
#include "util/mutex.h"
#include "util/reporter.h"
#include "util/secret.h"

namespace guard {

constexpr std::size_t kRecordedStatementBytes = 4'000;  // of a text; it is cut there

struct RecordLimits {
  std::size_t all_bytes = 16U << 20U;   // of the file: until then every statement is written
  std::size_t most_bytes = 20U << 20U;  // until then those that failed or took a second or longer
};

class StatementRecord {
 public:
  StatementRecord(const std::filesystem::path& folder, std::string_view run,
                  util::Scrubber scrubber, RecordLimits limits = {});

  void hide(const util::Secret& secret) { scrubber_.add(secret); }
  void add(const migrate::RanStatement& statement);
  // The file is complete and durable, or `reporter` is warned. The slowest of those that took some
  // time, a line each.
  std::vector<std::string> finish(util::Reporter& reporter);

 private:
  struct Slow {
    util::Seconds took{0};
    std::string text;
  };

  void note_slow(util::Seconds took, const std::string& text) PGBELAY_REQUIRES(mutex_);
  void put(const std::string& line) PGBELAY_REQUIRES(mutex_);
  void flush() PGBELAY_REQUIRES(mutex_);

  const RecordLimits limits_;
  util::Scrubber scrubber_;
  util::Mutex mutex_;
  std::optional<util::WriteFile> file_ PGBELAY_GUARDED_BY(mutex_);
  std::string waiting_ PGBELAY_GUARDED_BY(mutex_);  // not written yet
  std::chrono::steady_clock::time_point flushed_ PGBELAY_GUARDED_BY(mutex_);
  std::size_t bytes_ PGBELAY_GUARDED_BY(mutex_) = 0;
  std::uint64_t left_out_ PGBELAY_GUARDED_BY(mutex_) = 0;
  std::string failure_ PGBELAY_GUARDED_BY(mutex_);
  std::vector<Slow> slowest_ PGBELAY_GUARDED_BY(mutex_);  // the slowest first
};

// A statement as it may be written down: trimmed, without `scrubber`'s secrets and
// without_passwords. Before it is cut, so that no half of a secret is left.
std::string without_secrets(std::string_view statement, const util::Scrubber& scrubber);

// With *** for each literal that follows a word with "password" in it: PASSWORD 'x', password =
// 'x'.
std::string without_passwords(std::string_view statement);

}  // namespace guard
