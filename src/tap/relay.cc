#include "tap/relay.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "tap/wire.h"

namespace tap {

namespace {

constexpr std::size_t kBufferBytes = 131'072;
constexpr std::size_t kBulkBytes = 8'192;  // a read this large is probably followed by more

bool try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

// Of a simple query, or of a Parse, where the name comes first.
std::string_view statement_text(char type, std::string_view payload) {
  Reader reader(payload);
  if (type == 'P') reader.text_or_rest();
  return reader.text_or_rest();
}

short events_for(Upstream::Io want) { return want == Upstream::Io::WantWrite ? POLLOUT : POLLIN; }

}  // namespace

Relay::Relay(int client, Upstream& upstream, const StopSignal& stop, RelayEvents events)
    : client_(client), upstream_(upstream), stop_(stop), events_(std::move(events)) {
  to_server_.bytes.resize(kBufferBytes);
  to_client_.bytes.resize(kBufferBytes);
}

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
    static std::size_t wanted(char type) { return StatementLog::wanted_from_server(type); }
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

// Each fill reads once into an empty buffer; false if there is nothing to pass on.
bool Relay::fill_from_client(Step& step) {
  const ssize_t got = ::recv(client_, to_server_.bytes.data(), to_server_.bytes.size(), 0);
  if (got <= 0) {
    step = got < 0 && try_again() ? Step::Blocked : Step::Over;
    return false;
  }
  to_server_.begin = 0;
  to_server_.end = static_cast<std::size_t>(got);
  saw_client(to_server_.view());
  return true;
}

bool Relay::fill_from_server(Step& step) {
  to_client_.begin = to_client_.end = 0;
  Upstream::Io result = Upstream::Io::Done;
  // TLS gives one record of at most 16 KiB at a time: take what is there.
  while (result == Upstream::Io::Done && to_client_.end < to_client_.bytes.size()) {
    std::size_t got = 0;
    result = upstream_.read(to_client_.bytes.data() + to_client_.end,
                            to_client_.bytes.size() - to_client_.end, got);
    to_client_.end += got;
    if (got < kBulkBytes && !upstream_.buffered()) break;
  }
  if (!to_client_.empty()) {
    saw_server(to_client_.view());
    return true;
  }
  read_wants_ = result;
  step = result == Upstream::Io::Closed ? Step::Over : Step::Blocked;
  return false;
}

Relay::Step Relay::from_client() {
  Step step = Step::Moved;
  if (to_server_.empty() && !fill_from_client(step)) return step;
  while (!to_server_.empty() && !server_deaf_) {
    std::size_t put = 0;
    const Upstream::Io result =
        upstream_.write(to_server_.view().data(), to_server_.view().size(), put);
    to_server_.begin += put;
    if (result == Upstream::Io::Closed) {
      server_deaf_ = true;
    } else if (result != Upstream::Io::Done) {
      write_wants_ = result;
      return Step::Blocked;
    }
  }
  if (server_deaf_) to_server_.begin = to_server_.end;
  return Step::Moved;
}

Relay::Step Relay::from_server() {
  Step step = Step::Moved;
  if (to_client_.empty() && !fill_from_server(step)) return step;
  while (!to_client_.empty()) {
    const std::string_view bytes = to_client_.view();
    const ssize_t put = ::send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (put < 0) return try_again() ? Step::Blocked : Step::Over;
    to_client_.begin += static_cast<std::size_t>(put);
  }
  return Step::Moved;
}

// Until a direction can go on; false when the tap stops.
bool Relay::wait() {
  std::array<pollfd, 3> items{pollfd{.fd = client_, .events = 0, .revents = 0},
                              pollfd{.fd = upstream_.socket(), .events = 0, .revents = 0},
                              pollfd{.fd = stop_.fd(), .events = POLLIN, .revents = 0}};
  const auto add = [](pollfd& item, short events) {
    item.events = static_cast<short>(item.events | events);
  };
  if (to_server_.empty()) {
    add(items[0], POLLIN);
  } else {
    add(items[1], events_for(write_wants_));
  }
  if (to_client_.empty()) {
    add(items[1], events_for(read_wants_));
  } else {
    add(items[0], POLLOUT);
  }
  // A closed connection is reported whether asked for or not: without this the loop would spin.
  for (std::size_t n = 0; n < 2; ++n) {
    if (items[n].events == 0) items[n].fd = -1;
  }
  ::poll(items.data(), items.size(), -1);
  return items[2].revents == 0;
}

Relay::End Relay::run() {
  while (true) {
    const Step up = from_client();
    if (up == Step::Over) return End::Client;
    const Step down = from_server();
    if (down == Step::Over) return to_client_.empty() ? End::Server : End::Client;
    const bool must_wait = up == Step::Blocked && down == Step::Blocked;
    if (must_wait ? !wait() : stop_.raised()) return End::Stopped;
  }
}

}  // namespace tap
