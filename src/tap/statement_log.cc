#include "tap/statement_log.h"

#include <algorithm>
#include <array>

#include "tap/frames.h"
#include "tap/wire.h"
#include "util/text.h"

namespace tap {

namespace {

constexpr std::size_t kNameBytes = 4'096;  // of a Bind, Execute …: only the names at its beginning
constexpr std::size_t kTagBytes = 64;
constexpr std::size_t kErrorBytes = 65'536;
constexpr std::size_t kMaxPending = 65'536;
constexpr std::size_t kMaxNames = 1'000;       // of prepared statements, of portals
constexpr std::size_t kMaxChanges = 20;        // that are named
constexpr std::size_t kLastBytes = 2'000;      // of the last statement of an open transaction
constexpr std::size_t kPreparedBytes = 8'192;  // of a text that is kept for a name

// A simple query or a function call is over with ReadyForQuery, as is a Sync.
bool ends_with_ready(char type) { return type == 'Q' || type == 'F' || type == 'S'; }

// Whether the server's message `answer` is the last one for the client's message `type`.
bool completes(char answer, char type) {
  switch (type) {
    case 'P':
      return answer == '1';
    case 'B':
      return answer == '2';
    case 'C':
      return answer == '3';
    case 'D':
      return answer == 'T' || answer == 'n';
    case 'E':
      return answer == 'C' || answer == 'I' || answer == 's';
    default:
      return false;
  }
}

// Whether a statement with this tag leaves something that a rollback takes away again.
bool changes(std::string_view tag, bool copied_in) {
  constexpr std::array<std::string_view, 24> kNothing{
      "BEGIN",    "START",   "COMMIT",  "ROLLBACK",   "SAVEPOINT",  "RELEASE",
      "SELECT",   "SHOW",    "SET",     "RESET",      "FETCH",      "MOVE",
      "DECLARE",  "CLOSE",   "PREPARE", "DEALLOCATE", "EXPLAIN",    "LISTEN",
      "UNLISTEN", "DISCARD", "LOCK",    "LOAD",       "CHECKPOINT", "SECURITY"};
  const std::string_view word = tag.substr(0, tag.find(' '));
  if (word == "COPY") return copied_in && !tag.ends_with(" 0");
  if (word == "INSERT" || word == "UPDATE" || word == "DELETE" || word == "MERGE")
    return !tag.ends_with(" 0");
  return !word.empty() && std::find(kNothing.begin(), kNothing.end(), word) == kNothing.end();
}

std::string field(const std::map<char, std::string>& fields, char code) {
  const auto found = fields.find(code);
  return found == fields.end() ? std::string() : found->second;
}

}  // namespace

std::size_t StatementLog::wanted_from_client(char type) noexcept {
  switch (type) {
    case 'Q':
      return kMostStatementBytes + 1;
    case 'P':
      return kNameBytes + kMostStatementBytes;
    case 'B':
    case 'D':
    case 'C':
    case 'E':
      return kNameBytes;
    case 'S':
    case 'F':
    case 'c':
    case 'f':
      return 0;
    default:
      return kSkip;
  }
}

std::size_t StatementLog::wanted_from_server(char type) noexcept {
  switch (type) {
    case 'E':
      return kErrorBytes;
    case 'C':
      return kTagBytes;
    case 'Z':
      return 1;
    case '1':
    case '2':
    case '3':
    case 'T':
    case 'n':
    case 'I':
    case 's':
    case 'G':
      return 0;
    default:
      return kSkip;
  }
}

StatementLog::Text StatementLog::keep(std::string_view statement) const {
  const std::size_t limit = pending_.size() < 16    ? kMostStatementBytes
                            : pending_.size() < 256 ? kPreparedBytes
                                                    : 512;
  return std::make_shared<const std::string>(util::cut_utf8(statement, limit));
}

StatementLog::Text StatementLog::named(const std::map<std::string, Text>& names,
                                       std::string_view name) const {
  const auto found = names.find(std::string(name));
  return found == names.end() ? nullptr : found->second;
}

void StatementLog::remember(std::map<std::string, Text>& names, std::string_view name, Text text) {
  std::string key(name);
  if (names.size() >= kMaxNames && !names.contains(key)) names.clear();
  names[std::move(key)] = std::move(text);
}

void StatementLog::queue(char type, Text text) {
  if (text) last_sent_ = text;
  if (lost_) return;
  if (pending_.size() == kMaxPending) {
    lost_ = true;
    pending_.clear();
    return;
  }
  pending_.push_back({type, std::move(text), util::Clock::now()});
}

void StatementLog::client_sent(char type, std::string_view payload) {
  switch (type) {
    case 'Q':
      ++statements_;
      queue(type, keep(Reader(payload).text_or_rest()));
      break;
    case 'F':
      ++statements_;
      queue(type, nullptr);
      break;
    case 'S':  // the server steps over a Sync during COPY FROM STDIN
      if (!copy_in_) queue(type, nullptr);
      break;
    case 'c':
    case 'f':
      copy_in_ = false;
      break;
    default:
      extended(type, payload);
  }
}

void StatementLog::extended(char type, std::string_view payload) {
  Reader reader(payload);
  if (type == 'P') {
    const std::string_view name = reader.text_or_rest();
    const Text text = keep(reader.text_or_rest());
    remember(prepared_, name,
             name.empty()
                 ? text
                 : std::make_shared<const std::string>(util::cut_utf8(*text, kPreparedBytes)));
    queue(type, text);
  } else if (type == 'B') {
    const std::string_view portal = reader.text_or_rest();
    const Text text = named(prepared_, reader.text_or_rest());
    remember(portals_, portal, text);
    queue(type, text);
  } else if (type == 'E') {
    ++statements_;
    queue(type, named(portals_, reader.text_or_rest()));
  } else if (!payload.empty()) {  // Describe and Close: S or P, name
    const auto& names = reader.byte() == 'S' ? prepared_ : portals_;
    queue(type, named(names, reader.text_or_rest()));
  }
}

// ReadyForQuery answers the first Sync or simple query; what the server skipped after an error goes
// as well.
void StatementLog::ready(char status) {
  copy_in_ = false;
  copied_in_ = false;
  const bool open = status == 'T' || status == 'E';
  if (!open) open_ = {};
  if (open && !in_transaction_) open_.since = util::Clock::now();
  in_transaction_ = open;
  open_.failed = status == 'E';
  const auto end = std::find_if(pending_.begin(), pending_.end(),
                                [](const Pending& item) { return ends_with_ready(item.type); });
  if (end != pending_.end() && end->type == 'Q') finish(*end, {});
  pending_.erase(pending_.begin(), end == pending_.end() ? end : std::next(end));
}

void StatementLog::answered(const std::string& tag) {
  ++open_.statements;
  if (!pending_.empty() && pending_.front().text) open_last_ = pending_.front().text;
  if (changes(tag, std::exchange(copied_in_, false)) && open_.changes.size() < kMaxChanges)
    open_.changes.push_back(tag);
}

std::optional<LeftOpen> StatementLog::left_open() const {
  LeftOpen out = open_;
  if (open_last_) out.last = util::cut_utf8(*open_last_, kLastBytes);
  const auto running = std::find_if(pending_.begin(), pending_.end(), [](const Pending& item) {
    return item.text && !item.over && (item.type == 'Q' || item.type == 'E');
  });
  if (running != pending_.end()) {
    out.running = true;
    out.last = util::cut_utf8(*running->text, kLastBytes);
    if (!in_transaction_) out.since = running->sent;
  }
  if (!in_transaction_ && !out.running) return std::nullopt;
  return out;
}

void StatementLog::finish(Pending& item, std::string sqlstate) {
  if (!item.text || item.over) return;
  item.over = true;
  const util::Clock::time_point now = util::Clock::now();
  finished_.push_back({.statement = *item.text,
                       .begin = std::max(item.sent, last_end_),
                       .end = now,
                       .tag = sqlstate.empty() ? std::exchange(tag_, {}) : std::string(),
                       .sqlstate = std::move(sqlstate)});
  last_end_ = now;
}

void StatementLog::begin_copy_in() {
  copy_in_ = true;
  if (pending_.empty() || pending_.front().type != 'E') return;
  // Sent ahead, before the client knew: read by the server within the COPY, hence without an
  // answer.
  std::erase_if(pending_, [](const Pending& item) { return item.type == 'S'; });
}

StatementLog::Text StatementLog::failing() const {
  if (lost_) return last_sent_;
  if (pending_.empty()) return nullptr;
  // At Sync the implicit transaction commits: a deferred constraint belongs to what ran last.
  return pending_.front().type == 'S' ? last_executed_ : pending_.front().text;
}

std::optional<FailedStatement> StatementLog::server_sent(char type, std::string_view payload) {
  if (type == 'E') {
    const std::map<char, std::string> fields = parse_error_fields(payload);
    const Text text = failing();
    if (!pending_.empty() && (pending_.front().type == 'Q' || pending_.front().type == 'E'))
      finish(pending_.front(), field(fields, 'C'));
    return FailedStatement{.sqlstate = field(fields, 'C'),
                           .severity = field(fields, fields.contains('V') ? 'V' : 'S'),
                           .message = field(fields, 'M'),
                           .statement = text ? *text : std::string()};
  }
  if (type == 'C') {
    tag_ = std::string(Reader(payload).text_or_rest());
    answered(tag_);
  }
  if (type == 'Z') {
    ready(payload.empty() ? 'I' : payload.front());
  } else if (type == 'G') {
    copied_in_ = true;
    begin_copy_in();
  } else if (!pending_.empty() && completes(type, pending_.front().type)) {
    if (pending_.front().type == 'E') {
      last_executed_ = pending_.front().text;
      finish(pending_.front(), {});
    }
    pending_.pop_front();
  }
  return std::nullopt;
}

}  // namespace tap
