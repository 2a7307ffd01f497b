// with_latency MILLISECONDS COMMAND [ARGUMENT…]: runs a command whose every round trip to the
// server on 127.0.0.1, port PGPORT takes so much longer.
//
// The command gets PGHOST, PGPORT and DATABASE_URL (user postgres, database PGDATABASE) that lead
// through a forwarder: what comes in at one end gets the time at which it leaves at the other, half
// of the milliseconds later, so that bandwidth stays what it was. Its exit status is ours.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tap/socket.h"
#include "util/error.h"
#include "util/files.h"
#include "util/queue.h"
#include "util/signals.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBytes = 128U << 10U;
// On the way at once: far more than any delay here times any bandwidth.
constexpr std::size_t kMostOnTheWay = 256U << 20U;

std::string environment(const char* name) {
  const char* const value = std::getenv(name);  // NOLINT: nobody changes the environment
  if (value == nullptr) throw util::Error(util::Kind::Usage, util::cat(name, " is not set"));
  return value;
}

struct Bytes {
  Clock::time_point leaves;
  std::vector<char> data;
  std::size_t size() const noexcept { return data.size(); }
};

// One direction of one connection.
class Way {
 public:
  Way(int from, int to, Clock::duration delay)
      : queue_(kMostOnTheWay),
        reading_([this, from, delay] { read(from, delay); }),
        writing_([this, from, to] { write(from, to); }) {}

 private:
  void read(int from, Clock::duration delay) {
    for (;;) {
      std::vector<char> data(kReadBytes);
      const ssize_t got = ::recv(from, data.data(), data.size(), 0);
      if (got <= 0) break;
      data.resize(static_cast<std::size_t>(got));
      if (!queue_.put({Clock::now() + delay, std::move(data)})) break;
    }
    queue_.end(nullptr);
  }

  void write(int from, int to) {
    while (const std::optional<Bytes> bytes = queue_.take()) {
      std::this_thread::sleep_until(bytes->leaves);
      for (std::size_t done = 0; done < bytes->size();) {
        const ssize_t put =
            ::send(to, bytes->data.data() + done, bytes->size() - done, MSG_NOSIGNAL);
        if (put <= 0) {
          queue_.cut();
          ::shutdown(from, SHUT_RD);
          return;
        }
        done += static_cast<std::size_t>(put);
      }
    }
    ::shutdown(to, SHUT_WR);
  }

  util::Queue<Bytes> queue_;
  std::jthread reading_, writing_;
};

util::UniqueFd connect_to(std::uint16_t port) {
  util::UniqueFd out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  const int on = 1;
  ::setsockopt(out.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  return out;
}

// A client is accepted without blocking, and its ways wait for it.
void let_block(int socket) {
  const int flags = ::fcntl(socket, F_GETFL);
  ::fcntl(socket, F_SETFL, flags & ~O_NONBLOCK);
}

struct Session {
  util::UniqueFd client, server;
  std::unique_ptr<Way> up, down;
};

class Forwarder {
 public:
  Forwarder(std::uint16_t server_port, Clock::duration delay)
      : listener_(tap::listen_on_loopback()),
        accepting_([this, server_port, delay] { accept(server_port, delay); }) {}
  ~Forwarder() {
    stop_.raise();
    accepting_.join();
    for (const Session& session : sessions_) {
      ::shutdown(session.client.get(), SHUT_RDWR);
      ::shutdown(session.server.get(), SHUT_RDWR);
    }
  }
  Forwarder(const Forwarder&) = delete;
  Forwarder& operator=(const Forwarder&) = delete;

  std::uint16_t port() const { return tap::local_port(listener_.get()); }

 private:
  void accept(std::uint16_t server_port, Clock::duration delay) {
    while (util::UniqueFd client = tap::accept_client(listener_.get(), stop_)) {
      let_block(client.get());
      util::UniqueFd server = connect_to(server_port);
      if (!server) continue;  // the client sees its connection end
      Session& session = sessions_.emplace_back();
      session.client = std::move(client);
      session.server = std::move(server);
      session.up = std::make_unique<Way>(session.client.get(), session.server.get(), delay);
      session.down = std::make_unique<Way>(session.server.get(), session.client.get(), delay);
    }
  }

  util::UniqueFd listener_;
  tap::StopSignal stop_;
  std::list<Session> sessions_;  // of the accepting thread, and the destructor's after it
  std::thread accepting_;
};

int run(const std::vector<std::string>& arguments) {
  const std::uint64_t port = util::parse_u64(environment("PGPORT")).value_or(0);
  const std::chrono::duration<double, std::milli> round_trip(std::stod(arguments[0]));
  util::SignalWatcher signals;
  const Forwarder forwarder(static_cast<std::uint16_t>(port),
                            std::chrono::duration_cast<Clock::duration>(round_trip / 2));
  const util::Command command{
      .argv = {arguments.begin() + 1, arguments.end()},
      .set_env = {"PGHOST=127.0.0.1", util::cat("PGPORT=", forwarder.port()), "PGSSLMODE=disable",
                  util::cat("DATABASE_URL=postgresql://postgres@127.0.0.1:", forwarder.port(), '/',
                            environment("PGDATABASE"), "?sslmode=disable")}};
  const auto forward = [](util::Stream stream, std::string_view bytes) {
    (stream == util::Stream::Out ? std::cout : std::cerr) << bytes << std::flush;
  };
  return util::run(command, forward, signals.token()).status;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 2) {
    std::cerr << "usage: with_latency MILLISECONDS COMMAND [ARGUMENT...]\n";
    return 2;
  }
  try {
    return run(arguments);
  } catch (const std::exception& failure) {
    std::cerr << "with_latency: " << failure.what() << '\n';
    return 1;
  }
}
