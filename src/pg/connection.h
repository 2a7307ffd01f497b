// One session on a server.
//
// Failure: Kind::Connect while connecting or when the connection is lost, Kind::Privilege for
// SQLSTATE class 42501, otherwise Kind::Query, each with the SQLSTATE and the server's message.
// Server messages are never parsed: SQLSTATE only. Threads: one at a time, except cancel(), which
// any thread may call at any time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pg/conninfo.h"
#include "pg/result.h"

struct pg_conn;

namespace pg {

// A bound parameter in text form; nullopt is NULL.
using Param = std::optional<std::string>;

struct Notice {
  std::string severity;  // WARNING, NOTICE … not localised
  std::string sqlstate;
  std::string message;
};

// Where a COPY IN gets its bytes from: fills nothing and returns an empty span at the end.
using CopySource = std::function<std::span<const std::byte>()>;
// Gets each message of a COPY OUT: one whole row, with its newline, in text format.
using CopySink = std::function<void(std::span<const std::byte> row)>;
constexpr std::uint64_t kSuspiciousRowBytes = 64U << 10U;
// Called again and again while a row has not come whole; at least `seen_bytes` of it have. As long
// as it waits the server does, and the rest of the row takes no memory; then libpq holds the row
// twice, and keeps its size in memory as long as the session lasts.
using GrowingRow = std::function<void(std::uint64_t seen_bytes)>;
constexpr std::uint64_t kHugeRowBytes = 16U << 20U;  // contracts.md K15
// Whether such a row may become a huge one: sooner suspected as long as none of the kind was less.
constexpr bool may_be_huge(std::uint64_t seen_bytes, bool others_were_less) {
  return seen_bytes > (others_were_less ? 8U << 20U : kSuspiciousRowBytes);
}

struct LargeObjectPiece {
  std::uint32_t oid = 0;
  std::uint64_t offset = 0;
  std::span<const std::byte> bytes;
  bool ends = false;  // read: it is the object's last one
};
using LargeObjectSink = std::function<void(const LargeObjectPiece& piece)>;

class Connection {
 public:
  // Connects; `application_name` is shown in pg_stat_activity. A stop cancels the attempt.
  static Connection open(const ConnInfo& info, std::string_view application_name,
                         std::stop_token stop = {});
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) noexcept;
  ~Connection();

  // One statement with bound parameters.
  Result query(std::string_view sql, const std::vector<Param>& parameters = {});
  // One or several statements without rows of interest, as one simple query (hence one implicit
  // transaction). Returns how many rows they wrote together.
  std::uint64_t execute(std::string_view sql);

  // Runs `sql` (COPY … TO STDOUT) and hands each row on. Returns the number of rows. Statements
  // without rows may stand before and behind the COPY: they take no round trip of their own.
  // An exception of `sink` or `on_growing` cancels the COPY and comes through.
  std::uint64_t copy_out(std::string_view sql, const CopySink& sink,
                         const GrowingRow& on_growing = {});
  // Runs `sql` (COPY … FROM STDIN) and sends what `source` gives. Returns the number of rows.
  // An exception of `source` fails the COPY on the server and comes through.
  std::uint64_t copy_in(std::string_view sql, const CopySource& source);

  // Large objects, within a transaction. Each of `oids` in their order, from its beginning to its
  // end in pieces of at most 1 MiB; many small ones take one round trip together.
  void large_objects_read(std::span<const std::uint32_t> oids, const LargeObjectSink& sink);
  // Into objects that are there; all pieces in one round trip.
  void large_objects_write(std::span<const LargeObjectPiece> pieces);

  void cancel() noexcept;  // asks the server to stop what runs; harmless otherwise
  bool alive() noexcept;   // a round trip ("select 1") succeeds
  bool in_transaction() const noexcept;
  int server_version() const noexcept;  // 150018
  int server_major() const noexcept { return server_version() / 10000; }
  std::string server_version_text() const;  // 15.18
  int backend_pid() const noexcept;
  std::string parameter(std::string_view name) const;  // a reported ParameterStatus, empty if none
  std::string database() const;
  std::string user() const;
  std::vector<Notice> take_notices();  // since the last call, oldest first, at most 1000 kept

  // The raw connection, for `tap` and tests only.
  pg_conn* raw() const noexcept;

 private:
  struct State;
  explicit Connection(std::unique_ptr<State> state) noexcept;
  std::unique_ptr<State> state_;
};

// BEGIN … COMMIT around a scope. Leaving without commit() rolls back (or lets the lost connection
// do it).
class Transaction {
 public:
  enum class Mode { ReadWrite, RepeatableReadOnly };
  explicit Transaction(Connection& connection, Mode mode = Mode::ReadWrite);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  // A connection that is lost during COMMIT is Kind::InDoubt.
  void commit();

 private:
  Connection& connection_;
  bool open_ = true;
};

// Cancels what `connection` runs when `stop` is requested; as long as it lives.
class CancelOnStop {
 public:
  CancelOnStop(Connection& connection, std::stop_token stop)
      : callback_(std::move(stop), Cancel{&connection}) {}

 private:
  struct Cancel {
    Connection* connection;
    void operator()() const noexcept { connection->cancel(); }
  };
  std::stop_callback<Cancel> callback_;
};

}  // namespace pg
