// The proxy between the guarded command and the server: the run knows for certain which sessions
// are the command's, which statement failed in each, and can end them (architecture.md §5, F7, S9,
// K1).
//
// Listens on a loopback port. Authentication ends on both sides: the command proves with
// SCRAM-SHA-256 that it knows a one-time password of this tap; libpq then logs in at the server
// with the original credentials. Afterwards bytes pass unchanged in both directions.
//
// Guarantees: without the one-time password nothing reaches the server, not even a login (S9). A
// session is reported through on_session before any message of its client goes through (K1).
// Failure: the constructor throws Kind::Io. What goes wrong in a session is told to its client
// only. Threads: every method may be called from any thread. Callbacks run on threads of the tap,
// one at a time; they may call sessions() and failures(), but neither end_sessions() nor the
// destructor.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.h"
#include "pg/conninfo.h"
#include "util/clock.h"
#include "util/secret.h"

namespace tap {

constexpr std::size_t kMostStatementBytes = 65'536;  // of a text that is told: it is cut there

// What a session had not finished when its connection ended: the server rolls it back.
struct LeftOpen {
  bool failed = false;           // the transaction could not have been committed any more
  bool running = false;          // a statement was not answered yet
  std::uint64_t statements = 0;  // answered since the transaction began
  // Of those that changed something, as the server named them: "INSERT 0 5", "CREATE TABLE"; the
  // first ones only. A change that a SELECT made by calling a function is not among them.
  std::vector<std::string> changes;
  std::string last;               // the last statement, as sent, cut, NOT scrubbed
  util::Clock::time_point since;  // of the transaction, or of the statement that runs
};

// A session at the server that the tap opened for a client. Refused logins are not sessions.
struct SessionRecord {
  int backend_pid = 0;  // as the server told it (BackendKeyData)
  // pg_stat_activity.backend_start in UTC, "2026-11-20 14:30:52.123456"; empty if the backend that
  // answers is not `backend_pid` (a pooler), or could not be asked (physical replication).
  std::string backend_start;
  // The server sees the tap's own address, hence nothing stands between (F5); true for a Unix
  // socket.
  bool direct = false;
  bool replication = false;  // not counted by pg_stat_database.sessions (F5)
  std::string database;
  std::string user;
  std::string application;
  util::Clock::time_point start;
  std::optional<util::Clock::time_point>
      end;                       // when the tap closed it; the backend may live a little longer
  std::uint64_t statements = 0;  // simple queries, executions and function calls sent
  bool login_complete = false;   // the client has been let in; still false in on_session
  std::optional<LeftOpen> left_open;  // once it has ended
};

// An error that the server reported. A login that the server refused is one with pid 0 and no
// statement.
struct FailedStatement {
  int backend_pid = 0;
  std::string sqlstate;
  std::string severity;  // ERROR, FATAL, PANIC; not localised where the server says it (9.6+)
  std::string message;
  std::string statement;  // as sent, cut at 64 KiB, NOT scrubbed; empty if none was running
  util::Clock::time_point time;
};

// One that the server has answered. Preparing and binding are not in its time; a simple query of
// several statements is one.
struct FinishedStatement {
  int backend_pid = 0;
  std::string statement;  // as sent, cut at 64 KiB, NOT scrubbed
  util::Clock::time_point begin, end;
  std::string tag;       // of the last command: "UPDATE 500"; empty after an error
  std::string sqlstate;  // of the error that ended it; empty: none
};

struct Options {
  pg::ConnInfo server;
  std::string application_name;  // for clients that send none
  std::vector<std::string>
      startup_settings;  // NAME=VALUE, in every session, stronger than the client's own
  // Called when the server has accepted the login, before the client is told so: journal the
  // session here. If it throws, the client is refused and the exception is kept (rethrow_failure).
  std::function<void(const SessionRecord&)> on_session;
  // The gate: called once, before the very first message that any client sends after its login goes
  // through; everybody waits, and no login at the server is under way, so that what is there beside
  // sessions() is somebody else's. If it throws, this client and all later ones are refused and the
  // exception is kept.
  std::function<void()> on_first_statement;
  // Called with the text of each statement (a simple query, or one to be prepared) before it goes
  // through, on the thread of its session, of several at once; the text is cut at 64 KiB. If it
  // throws, nothing of the statement reaches the server, the session ends and its client is told.
  std::function<void(const SessionRecord&, std::string_view statement)> on_statement;
  // Called when a statement is to be run (a simple query, or an execution), before it goes through;
  // as on_finished, and neither may throw.
  std::function<void(const SessionRecord&, std::string_view statement)> on_started;
  // Called when a statement is over, before its client is told so, on the thread of its session, of
  // several at once.
  std::function<void(const SessionRecord&, const FinishedStatement&)> on_finished;
  // The database that a client reaches when it asks for `name`; throws to refuse it. Without it:
  // the one that it asks for.
  std::function<std::string(const std::string& name)> database_for;
};

class Tap {
 public:
  explicit Tap(Options options);  // listens when it returns
  // Closes every connection, without waiting for the server; statements that run there may go on:
  // call end_sessions() before.
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  std::string host() const;  // 127.0.0.1
  std::string port() const;
  const util::Secret& password() const;  // for pg::ConnInfo::redirected
  // What it shows to clients that insist on TLS, in PEM: also the root that verifies it.
  const std::string& certificate() const;

  std::vector<SessionRecord> sessions() const;  // all there ever were, oldest first
  std::size_t open_sessions() const;            // those that have not ended
  std::vector<FailedStatement> failures()
      const;  // the last one of each session, in the order of time
  std::optional<FailedStatement> last_failure() const;

  // The first exception of a callback, if there was one.
  void rethrow_failure() const;

  // Asks the server to cancel what this session runs, as its client could; waits until the server
  // has been asked. Nothing where there is no such session, or none any more.
  void cancel(int backend_pid) const noexcept;

  // From now on refuses new clients; cancels what runs, closes all connections and waits until
  // every backend that the tap opened is gone, ending it by pg_terminate_backend where it does not
  // go by itself. Repeating it is harmless. Asks through `control`, a session on the same server,
  // whatever its database. Throws Kind::Query naming the pids if some are left after `timeout`,
  // Kind::Connect if it cannot ask.
  void end_sessions(std::chrono::milliseconds timeout, pg::Connection& control);
  // The same through a connection of its own, opened only if there were sessions. For a moment
  // after the return the server may still show that one.
  void end_sessions(std::chrono::milliseconds timeout);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tap
