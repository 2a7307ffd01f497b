#include "guard/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <utility>

#include "util/error.h"
#include "util/files.h"
#include "util/mutex.h"
#include "util/text.h"

namespace guard {
namespace {

using Json = nlohmann::ordered_json;

// What is not UTF-8 (a name in a LATIN1 database) is replaced: the journal must never fail for it.
std::string line_of(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

constexpr std::array<std::string_view, 3> kEventNames{"begin", "end", "fact"};

std::string boot_id() {
  try {
    return std::string(util::trim(util::read_text("/proc/sys/kernel/random/boot_id", 256)));
  } catch (const util::Error&) {
    return {};  // not a Linux with /proc: the lock on the file decides alone
  }
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                          : std::string("?");
}

Json header_json(const RunHeader& header) {
  return {{"v", 1},
          {"event", "run"},
          {"run", header.run},
          {"key", header.key},
          {"database", header.database},
          {"source", header.source},
          {"host", header.host},
          {"system_identifier", header.system_identifier},
          {"pid", header.pid},
          {"boot_id", header.boot_id},
          {"version", header.version},
          {"at", header.started_at},
          {"command", header.command}};
}

RunHeader header_from(const Json& json) {
  RunHeader header;
  header.run = json.at("run").get<std::string>();
  header.key = json.at("key").get<std::string>();
  header.database = json.at("database").get<std::string>();
  header.source = json.value("source", "");
  header.host = json.value("host", "");
  header.system_identifier = json.value("system_identifier", "");
  header.pid = json.value("pid", 0);
  header.boot_id = json.value("boot_id", "");
  header.version = json.value("version", "");
  header.started_at = json.value("at", "");
  header.command = json.value("command", std::vector<std::string>{});
  return header;
}

std::optional<Event> event_from(const Json& json) {
  const auto kind = std::find(kEventNames.begin(), kEventNames.end(), json.value("event", ""));
  if (kind == kEventNames.end()) return std::nullopt;  // of a later version
  Event event;
  event.seq = json.value("seq", std::uint64_t{0});
  event.at = json.value("at", "");
  event.step = json.value("step", "");
  event.kind = static_cast<EventKind>(kind - kEventNames.begin());
  event.name = json.value("fact", "");
  for (const auto& [key, value] : json.items()) {
    if (key == "seq" || key == "at" || key == "step" || key == "event" || key == "fact") continue;
    event.fields.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return event;
}

// Whole lines only; the rest was being written when the power went.
std::vector<std::string_view> whole_lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (std::size_t at = 0;;) {
    const std::size_t end = text.find('\n', at);
    if (end == std::string_view::npos) return lines;
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
}

util::UniqueFd open_locked(const std::filesystem::path& path, int flags) {
  util::UniqueFd fd(::open(path.c_str(), flags | O_RDWR | O_CLOEXEC, 0600));
  if (!fd) throw util::io_error("open", path, errno);
  // A reader that asks whether we run holds a shared lock for a moment.
  for (int attempt = 0; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (errno != EWOULDBLOCK) throw util::io_error("lock", path, errno);
    if (attempt < 25) {
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    throw util::Error(
        util::Kind::Busy,
        util::cat("run ", path.parent_path().filename().string(), " is still running"),
        {.hint = "Wait for it to end, or end its process first.", .sqlstate = {}});
  }
  return fd;
}

bool somebody_appends(const std::filesystem::path& path) {
  const util::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

// Room that is kept beside the journal: when the disk is full it is given back, so that a run that
// has begun its migration can still write down how it ends. Without room for it there is none.
class Reserve {
 public:
  explicit Reserve(const std::filesystem::path& folder) : path_(folder / "journal.reserve") {
    constexpr off_t kBytes = off_t{256} * 1024;  // some hundred lines
    const util::UniqueFd fd(::open(path_.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    if (fd) there_ = ::posix_fallocate(fd.get(), 0, kBytes) == 0;
    if (!there_) ::unlink(path_.c_str());
  }
  ~Reserve() { ::unlink(path_.c_str()); }
  Reserve(const Reserve&) = delete;
  Reserve& operator=(const Reserve&) = delete;
  // False if it was given back already.
  bool give_back() noexcept { return std::exchange(there_, false) && ::unlink(path_.c_str()) == 0; }

 private:
  std::filesystem::path path_;
  bool there_ = false;
};

}  // namespace

std::string Event::get(std::string_view field) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == field; });
  return found == fields.end() ? std::string() : found->second;
}

struct Journal::State {
  std::filesystem::path path;
  util::UniqueFd fd;
  util::Now now;
  util::Mutex mutex;
  std::uint64_t seq PGBELAY_GUARDED_BY(mutex) = 0;
  std::optional<Reserve> reserve PGBELAY_GUARDED_BY(mutex) = std::nullopt;

  void keep_reserve() {
    const util::Lock hold(mutex);
    reserve.emplace(path.parent_path());
  }

  void write(std::string_view line) PGBELAY_REQUIRES(mutex) {
    const off_t before = ::lseek(fd.get(), 0, SEEK_END);
    while (!line.empty()) {
      const ssize_t put = ::write(fd.get(), line.data(), line.size());
      if (put >= 0) {
        line.remove_prefix(static_cast<std::size_t>(put));
        continue;
      }
      const int failure = errno;
      if (failure == EINTR) continue;
      if ((failure == ENOSPC || failure == EDQUOT) && reserve && reserve->give_back()) continue;
      // The next line must not go on where this one stops.
      [[maybe_unused]] const int cut = ::ftruncate(fd.get(), before);
      throw util::io_error("write", path, failure);
    }
    if (::fsync(fd.get()) != 0) throw util::io_error("sync", path, errno);
  }

  void append(EventKind kind, std::string_view step, std::string_view name, const Fields& fields) {
    const util::Lock hold(mutex);
    Json json{{"seq", ++seq},
              {"at", util::rfc3339(now())},
              {"step", step},
              {"event", kEventNames[static_cast<std::size_t>(kind)]}};
    if (kind == EventKind::Fact) json["fact"] = name;
    for (const auto& [field, value] : fields) json[field] = value;
    write(line_of(json));
  }

  void write_header(const RunHeader& header) {
    const util::Lock hold(mutex);
    write(line_of(header_json(header)));
  }

  void set_seq(std::uint64_t last) {
    const util::Lock hold(mutex);
    seq = last;
  }
};

Journal::Journal(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Journal::Journal(Journal&&) noexcept = default;
Journal& Journal::operator=(Journal&&) noexcept = default;
Journal::~Journal() = default;

Journal Journal::create(const std::filesystem::path& folder, RunHeader header, util::Now now) {
  std::error_code failure;
  std::filesystem::create_directories(folder.parent_path(), failure);
  if (failure) throw util::io_error("make", folder.parent_path(), failure.value());
  std::filesystem::create_directory(folder, failure);
  if (failure) throw util::io_error("make", folder, failure.value());
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failure);

  auto state = std::make_unique<State>();
  state->path = folder / kJournalFile;
  state->fd = open_locked(state->path, O_CREAT | O_EXCL | O_APPEND);
  state->now = std::move(now);
  header.host = host_name();
  header.pid = ::getpid();
  header.boot_id = boot_id();
  header.started_at = util::rfc3339(state->now());
  state->write_header(header);
  state->keep_reserve();
  util::sync_directory(folder);
  util::sync_directory(folder.parent_path());
  return Journal(std::move(state));
}

Journal Journal::resume(const std::filesystem::path& folder, util::Now now) {
  auto state = std::make_unique<State>();
  state->path = folder / kJournalFile;
  state->fd = open_locked(state->path, O_APPEND);
  state->now = std::move(now);
  const std::string text = util::read_text(state->path);
  const std::size_t whole = text.rfind('\n') + 1;  // npos + 1 is 0
  if (whole != text.size() && ::ftruncate(state->fd.get(), static_cast<off_t>(whole)) != 0) {
    throw util::io_error("cut", state->path, errno);
  }
  const std::vector<Event> events = read_run(folder).events;
  state->set_seq(events.empty() ? 0 : events.back().seq);
  state->keep_reserve();
  return Journal(std::move(state));
}

void Journal::begin(std::string_view step, const Fields& fields) {
  state_->append(EventKind::Begin, step, {}, fields);
}
void Journal::end(std::string_view step, const Fields& fields) {
  state_->append(EventKind::End, step, {}, fields);
}
void Journal::failed(std::string_view step, util::Error& error) {
  try {
    end(step, {{"result", "failed"}, {"text", error.message()}});
  } catch (const util::Error& unwritten) {
    error.attach(unwritten.message());
  }
}
void Journal::fact(std::string_view step, std::string_view name, const Fields& fields) {
  state_->append(EventKind::Fact, step, name, fields);
}

RunRecord read_run(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kJournalFile;
  RunRecord record;
  record.folder = folder;
  record.running = somebody_appends(path);
  const std::string text = util::read_text(path);
  const std::vector<std::string_view> lines = whole_lines(text);
  try {
    if (lines.empty())
      throw util::Error(util::Kind::Damage, util::cat("journal ", path.string(), " is empty"));
    record.header = header_from(Json::parse(lines.front()));
    for (std::size_t n = 1; n < lines.size(); ++n) {
      if (std::optional<Event> event = event_from(Json::parse(lines[n])))
        record.events.push_back(std::move(*event));
    }
  } catch (const Json::exception&) {
    throw util::Error(util::Kind::Damage, util::cat("journal ", path.string(), " is damaged"));
  }
  return record;
}

}  // namespace guard
