// The server's side of one session: login by libpq with the original credentials, then the raw
// stream beneath it (socket or TLS).
//
// Failure: Kind::Connect with the SQLSTATE of the server, or 08006, in words for the client.
// Threads: one, except Canceller.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "tap/stream.h"
#include "tap/tap.h"

struct pg_conn;
struct pg_cancel;

namespace tap {

// Asks the server to stop what one session runs. Outlives the session; then it does nothing of
// effect.
class Canceller {
 public:
  explicit Canceller(pg_conn* connection);
  ~Canceller();
  Canceller(const Canceller&) = delete;
  Canceller& operator=(const Canceller&) = delete;
  void cancel() const noexcept;  // opens a connection for it and waits for its end

 private:
  pg_cancel* raw_;
};

// The keywords for libpq: the server's from `options`, the rest from the client's startup packet.
std::map<std::string, std::string> login_keywords(const Options& options,
                                                  const std::map<std::string, std::string>& client);

class Upstream {
 public:
  static Upstream open(const Options& options, const std::map<std::string, std::string>& client,
                       const StopSignal& stop);

  int backend_pid() const noexcept;
  std::shared_ptr<const Canceller> canceller() const { return canceller_; }
  // Fills backend_start and direct, by one query in the session itself. What that query says
  // against it is no failure; only a session that is lost by it is.
  void identify(SessionRecord& record, const StopSignal& stop);
  // What a client must see before ReadyForQuery: notices of the login, then every reported
  // parameter. Reads what libpq has buffered: afterwards only the raw stream may be used.
  std::string greeting();

  // The raw stream.
  const Stream& stream() const noexcept { return stream_; }

 private:
  struct Finish {
    void operator()(pg_conn* raw) const noexcept;
  };
  struct Notices {
    std::vector<std::string> messages;  // NoticeResponse
  };

  Upstream() = default;
  int socket() const noexcept;
  void wait(short events, const StopSignal& stop, Deadline deadline) const;
  void log_in(const StopSignal& stop, Deadline deadline);

  std::unique_ptr<Notices> notices_;  // libpq points to it
  std::unique_ptr<pg_conn, Finish> connection_;
  std::shared_ptr<const Canceller> canceller_;
  Stream stream_;  // of the connection's socket or TLS
};

}  // namespace tap
