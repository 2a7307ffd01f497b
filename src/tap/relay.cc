#include "tap/relay.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>

#include "tap/wire.h"

namespace tap {

namespace {

constexpr std::size_t kBufferBytes = 131'072;
constexpr std::size_t kBulkBytes = 8'192;  // a TLS record this large is probably followed by more
constexpr unsigned kLookAround = 16;       // steps of one direction until the other is asked again

// A server writes rows in pieces of 8 KiB (PQ_SEND_BUFFER_SIZE of pqcomm.c), and waking up for each
// costs more than passing it on. After so much of an answer the kernel collects more of it first.
constexpr std::uint64_t kLongAnswer = 1U << 20U;
constexpr int kGatheredBytes = 65'536;
constexpr int kGatherMs = 2;  // what the end of a long answer waits at most
constexpr int kAnyBytes = 1;

// Of a simple query, or of a Parse, where the name comes first.
std::string_view statement_text(char type, std::string_view payload) {
  Reader reader(payload);
  if (type == 'P') reader.text_or_rest();
  return reader.text_or_rest();
}

}  // namespace

Relay::Relay(const Stream& client, const Stream& server, const StopSignal& stop, RelayEvents events)
    : stop_(stop),
      events_(std::move(events)),
      up_{.from = client, .to = server, .bytes = std::vector<char>(kBufferBytes)},
      down_{.from = server, .to = client, .bytes = std::vector<char>(kBufferBytes)} {}

void Relay::saw_client(std::string_view bytes) {
  if (!gate_passed_ && bytes.front() != 'X') {  // a Terminate alone is nothing to decide about
    events_.before_first_message();
    gate_passed_ = true;
  }
  struct Handler {
    StatementLog& log;
    const RelayEvents& events;
    static std::size_t wanted(char type) { return StatementLog::wanted_from_client(type); }
    void message(char type, std::string_view payload) {
      if (events.before_statement && (type == 'Q' || type == 'P'))
        events.before_statement(statement_text(type, payload));
      log.client_sent(type, payload);
      if (events.started && (type == 'Q' || type == 'E')) events.started(log.newest());
    }
  } handler{log_, events_};
  const std::uint64_t before = log_.statements();
  client_frames_.scan(bytes, handler);
  if (log_.statements() != before) events_.counted(log_.statements());
}

void Relay::saw_server(std::string_view bytes) {
  struct Handler {
    StatementLog& log;
    RelayEvents& events;
    static std::size_t wanted(char type) {
      const bool row = type == 'd' || type == 'D';
      return row ? kSkip : StatementLog::wanted_from_server(type);
    }
    void message(char type, std::string_view payload) {
      if (std::optional<FailedStatement> failure = log.server_sent(type, payload)) {
        events.failed(std::move(*failure));
      }
    }
  } handler{log_, events_};
  server_frames_.scan(bytes, handler);
  for (FinishedStatement& statement : log_.take_finished()) {
    if (events_.finished) events_.finished(std::move(statement));
  }
}

// Reads into the empty buffer what is there; Done if that is anything. A system call costs as much
// as copying some kilobytes, so none is made that can only say that there is nothing.
Io Relay::fill(Way& way) {
  if (way.drained) return way.read_wants;
  way.begin = way.end = 0;
  Io result = Io::Done;
  while (result == Io::Done && way.end < way.bytes.size()) {
    const std::size_t asked = way.bytes.size() - way.end;
    std::size_t got = 0;
    result = way.from.read(way.bytes.data() + way.end, asked, got);
    way.end += got;
    if (result != Io::Done || way.from.buffered()) continue;
    // TLS gives one record of at most 16 KiB at a time: a large one is probably followed by more.
    way.drained = got < (way.from.secured() ? kBulkBytes : asked);
    if (way.drained) break;
  }
  way.read_wants = result == Io::Done ? Io::WantRead : result;
  if (result == Io::WantRead || result == Io::WantWrite) way.drained = true;
  return way.empty() ? result : Io::Done;
}

Io Relay::flush(Way& way) {
  while (!way.empty()) {
    std::size_t put = 0;
    const Io result = way.to.write(way.view().data(), way.view().size(), put);
    way.begin += put;
    if (result == Io::Done) continue;
    way.write_wants = result;
    return result;
  }
  return Io::Done;
}

Relay::Step Relay::from_client() {
  if (up_.empty()) {
    const Io result = fill(up_);
    if (result != Io::Done) return result == Io::Closed ? Step::Over : Step::Blocked;
    saw_client(up_.view());
    answered_bytes_ = 0;
  }
  const Io result = server_deaf_ ? Io::Closed : flush(up_);
  if (result == Io::Closed) {
    server_deaf_ = true;
    up_.begin = up_.end;
  }
  return result == Io::Done || result == Io::Closed ? Step::Moved : Step::Blocked;
}

Relay::Step Relay::from_server() {
  if (down_.empty()) {
    const Io result = fill(down_);
    if (result != Io::Done) return result == Io::Closed ? Step::Over : Step::Blocked;
    saw_server(down_.view());
    answered_bytes_ += down_.view().size();
  }
  const Io result = flush(down_);
  if (result == Io::Closed) return Step::Over;
  return result == Io::Done ? Step::Moved : Step::Blocked;
}

// How long to wait at most, in poll()'s way. What is collected for it is not readable to poll().
int Relay::gather() {
  const bool wanted = down_.empty() && answered_bytes_ >= kLongAnswer;
  if (wanted != gathering_) {
    const int least = wanted ? kGatheredBytes : kAnyBytes;
    gathering_ =
        ::setsockopt(down_.from.socket(), SOL_SOCKET, SO_RCVLOWAT, &least, sizeof(least)) == 0 &&
        wanted;
  }
  return gathering_ ? kGatherMs : -1;
}

// Until a direction can go on; false when the tap stops.
bool Relay::wait() {
  std::array<pollfd, 3> items{pollfd{.fd = down_.to.socket(), .events = 0, .revents = 0},
                              pollfd{.fd = up_.to.socket(), .events = 0, .revents = 0},
                              pollfd{.fd = stop_.fd(), .events = POLLIN, .revents = 0}};
  pollfd& client = items[0];
  pollfd& server = items[1];
  const auto add = [](pollfd& item, Io want) {
    item.events = static_cast<short>(item.events | events_for(want));
  };
  if (up_.empty()) {
    add(client, up_.read_wants);
  } else {
    add(server, up_.write_wants);
  }
  if (down_.empty()) {
    add(server, down_.read_wants);
  } else {
    add(client, down_.write_wants);
  }
  // A closed connection is reported whether asked for or not: without this the loop would spin.
  for (std::size_t n = 0; n < 2; ++n) {
    if (items[n].events == 0) items[n].fd = -1;
  }
  if (::poll(items.data(), items.size(), gather()) == 0) {  // the answer pauses, or is over
    answered_bytes_ = 0;
    down_.drained = false;
  }
  if (client.revents != 0) up_.drained = false;
  if (server.revents != 0) down_.drained = false;
  return items[2].revents == 0;
}

Relay::End Relay::run() {
  for (unsigned steps = 1;; ++steps) {
    if (steps % kLookAround == 0) up_.drained = down_.drained = false;
    const Step up = from_client();
    if (up == Step::Over) return End::Client;
    const Step down = from_server();
    if (down == Step::Over) return down_.empty() ? End::Server : End::Client;
    const bool must_wait = up == Step::Blocked && down == Step::Blocked;
    if (must_wait ? !wait() : stop_.raised()) return End::Stopped;
  }
}

}  // namespace tap
