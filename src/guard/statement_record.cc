#include "guard/statement_record.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;
using nlohmann::ordered_json;

constexpr std::string_view kFile = "statements.jsonl";
constexpr std::size_t kBufferBytes = 65'536;
constexpr auto kWrittenEvery = 200ms;  // where statements come one after the other
constexpr util::Seconds kLong = 1s;    // it is written where only a few still are
constexpr util::Seconds kWorthALine = 100ms;
constexpr std::size_t kSlowest = 3;
constexpr std::size_t kShownBytes = 200;  // of a slow one

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '"';
}

// Behind a literal that begins with the quotes at `at`; its end, if it has none. In a body that is
// a literal itself, quotes are doubled: a run of them ends what began with as many.
std::size_t end_of_literal(std::string_view sql, std::size_t at) {
  const auto run = [&](std::size_t from) {
    return std::min(sql.find_first_not_of('\'', from), sql.size()) - from;
  };
  const std::size_t opening = run(at);
  for (std::size_t n = sql.find('\'', at + opening); n != std::string_view::npos;) {
    const std::size_t length = run(n);
    if (length % (2 * opening) != 0) return n + length;
    n = sql.find('\'', n + length);
  }
  return sql.size();
}

// By its tag: INSERT 0 5, UPDATE 500, SELECT 1.
ordered_json rows_of(const migrate::RanStatement& statement) {
  if (statement.rows > 0) return statement.rows;
  const std::size_t space = statement.tag.rfind(' ');
  const std::optional<std::uint64_t> rows = space == std::string_view::npos
                                                ? std::nullopt
                                                : util::parse_u64(statement.tag.substr(space + 1));
  return rows ? ordered_json(*rows) : ordered_json();
}

ordered_json text_or_null(std::string_view text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

std::string line_of(const ordered_json& value) {
  return cat(value.dump(-1, ' ', false, ordered_json::error_handler_t::replace), "\n");
}

}  // namespace

std::string without_passwords(std::string_view statement) {
  constexpr std::string_view kWord = "password";
  const std::string lower = util::lower(statement);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t at = lower.find(kWord); at != std::string::npos; at = lower.find(kWord, at)) {
    at += kWord.size();
    while (at < lower.size() && is_word_byte(lower[at])) ++at;
    at = std::min(lower.find_first_not_of(" \t\r\n=:>", at), lower.size());
    if (at < lower.size() && lower[at] == 'e') ++at;  // E'…'
    if (at >= lower.size() || lower[at] != '\'') continue;
    out += cat(statement.substr(copied, at - copied), "'***'");
    copied = at = end_of_literal(statement, at);
  }
  return cat(out, statement.substr(copied));
}

std::string without_secrets(std::string_view statement, const util::Scrubber& scrubber) {
  return without_passwords(scrubber.scrub(std::string(util::trim(statement))));
}

StatementRecord::StatementRecord(const std::filesystem::path& folder, std::string_view run,
                                 util::Scrubber scrubber, RecordLimits limits)
    : limits_(limits), scrubber_(std::move(scrubber)), flushed_(std::chrono::steady_clock::now()) {
  const util::Lock lock(mutex_);
  try {
    file_.emplace(folder / kFile);
    put(line_of({{"schema", "pgbelay.statements/1"}, {"run", run}}));
  } catch (const util::Error& error) {
    failure_ = error.message();
  }
}

void StatementRecord::add(const migrate::RanStatement& statement) {
  const util::Seconds took = statement.end - statement.begin;
  const std::string whole = without_secrets(statement.text, scrubber_);
  const std::string text(util::cut_utf8(whole, kRecordedStatementBytes));
  const std::string line = line_of({{"start", util::rfc3339(statement.begin)},
                                    {"duration_s", took.count()},
                                    {"pid", statement.backend_pid},
                                    {"statement", text},
                                    {"cut", text.size() < whole.size()},
                                    {"tag", text_or_null(statement.tag)},
                                    {"rows", rows_of(statement)},
                                    {"sqlstate", text_or_null(statement.sqlstate)}});
  const bool telling = took >= kLong || !statement.sqlstate.empty();
  const util::Lock lock(mutex_);
  note_slow(took, text);
  if (bytes_ + line.size() > (telling ? limits_.most_bytes : limits_.all_bytes)) {
    ++left_out_;
    return;
  }
  put(line);
}

void StatementRecord::note_slow(util::Seconds took, const std::string& text) {
  const bool among = slowest_.size() < kSlowest || took > slowest_.back().took;
  if (took < kWorthALine || !among) return;
  const auto place = std::find_if(slowest_.begin(), slowest_.end(),
                                  [&](const Slow& slow) { return slow.took < took; });
  slowest_.insert(place, {.took = took, .text = std::string(util::cut_utf8(text, kShownBytes))});
  if (slowest_.size() > kSlowest) slowest_.pop_back();
}

void StatementRecord::put(const std::string& line) {
  bytes_ += line.size();
  if (!failure_.empty()) return;
  waiting_ += line;
  if (waiting_.size() >= kBufferBytes ||
      std::chrono::steady_clock::now() - flushed_ >= kWrittenEvery)
    flush();
}

void StatementRecord::flush() {
  try {
    file_->write(waiting_);
  } catch (const util::Error& error) {
    failure_ = error.message();
  }
  waiting_.clear();
  flushed_ = std::chrono::steady_clock::now();
}

std::vector<std::string> StatementRecord::finish(util::Reporter& reporter) {
  const util::Lock lock(mutex_);
  if (left_out_ > 0) put(line_of({{"left_out", left_out_}}));
  if (failure_.empty()) flush();
  try {
    if (failure_.empty()) file_->finish();
  } catch (const util::Error& error) {
    failure_ = error.message();
  }
  if (!failure_.empty())
    reporter.warning(cat("the statements of the migration are not complete on disk: ", failure_));
  std::vector<std::string> lines;
  for (const Slow& slow : slowest_) {
    lines.push_back(cat(util::show_duration(slow.took), "  ",
                        util::printable(util::replace_all(slow.text, "\n", " "))));
  }
  return lines;
}

}  // namespace guard
