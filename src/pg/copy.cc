// COPY in both directions, and large objects: bytes in bulk through a Connection.
#include <libpq-fe.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "pg/connection_state.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

constexpr std::size_t kCopyPiece = 1U << 20U;  // bytes handed to libpq at once
// Of a large object, by one statement: so much of each of so many, and then of one that is larger.
constexpr std::uint64_t kFirstPiece = 64U << 10U;
constexpr std::size_t kObjectsTogether = 64;
constexpr std::uint64_t kNextPiece = 1U << 20U;
constexpr int kBinary = 1;
constexpr int kWait = 0;
constexpr int kDoNotWait = 1;
constexpr Oid kByteaOid = 17;

using OwnedResult = std::unique_ptr<PGresult, ResultDeleter>;

struct FreeRow {
  void operator()(char* row) const noexcept { PQfreemem(row); }
};

const char* chars(std::span<const std::byte> bytes) noexcept {
  return static_cast<const char*>(static_cast<const void*>(bytes.data()));
}

std::string oid_array(std::span<const std::uint32_t> oids) {
  std::string text = "{";
  for (const std::uint32_t oid : oids) text += util::cat(text.size() == 1 ? "" : ",", oid);
  return text + "}";
}

std::span<const std::byte> bytes_of(const Result& rows, int row) {
  return std::as_bytes(std::span(rows.text(row, 0).value_or("")));
}

// Bytes may lie in the TLS library, of which the socket knows nothing. Not seen with GSSAPI.
bool arrivals_are_seen(pg_conn* raw) {
  return PQgssEncInUse(raw) == 0 &&
         (PQsslInUse(raw) == 0 || PQsslStruct(raw, "OpenSSL") != nullptr);
}

// Waits for bytes that libpq has not taken yet, and returns how many lie ready.
std::uint64_t wait_for_bytes(pg_conn* raw) {
  const auto* const tls = static_cast<const SSL*>(PQsslStruct(raw, "OpenSSL"));
  pollfd socket{.fd = PQsocket(raw), .events = POLLIN, .revents = 0};
  constexpr int kForever = -1;
  if (socket.fd < 0) return 0;  // libpq gave the connection up
  if (tls == nullptr || SSL_pending(tls) == 0) ::poll(&socket, 1, kForever);
  int ready = 0;
  return ::ioctl(socket.fd, FIONREAD, &ready) == 0 && ready > 0 ? static_cast<std::uint64_t>(ready)
                                                                : 0;
}

}  // namespace

void Connection::State::begin_copy(std::string_view sql, Copy direction) {
  if (PQsendQuery(raw(), std::string(sql).c_str()) == 0) throw failure(nullptr);
  OwnedResult answer(PQgetResult(raw()));
  while (PQresultStatus(answer.get()) == PGRES_COMMAND_OK) answer.reset(PQgetResult(raw()));
  if (PQresultStatus(answer.get()) == (direction == Copy::In ? PGRES_COPY_IN : PGRES_COPY_OUT))
    return;
  drain();
  if (answer) adopt(answer.release());
  throw util::Error(util::Kind::Bug, "a statement that is no COPY was sent as one");
}

std::uint64_t Connection::State::end_copy() {
  OwnedResult outcome(PQgetResult(raw()));
  OwnedResult behind;
  if (PQresultStatus(outcome.get()) == PGRES_COMMAND_OK) {
    do behind.reset(PQgetResult(raw()));
    while (PQresultStatus(behind.get()) == PGRES_COMMAND_OK);
  }
  drain();  // so that the next statement finds the connection idle, whatever the outcome
  if (PQresultStatus(outcome.get()) != PGRES_COMMAND_OK) throw failure(outcome.get());
  if (behind) throw failure(behind.get());
  return adopt(outcome.release()).affected_rows();
}

// libpq keeps the length of a row that has not come whole to itself, and takes what comes for as
// long as it comes: what lies ready before it looks is the least that it takes. Of 30 MiB from a
// server on the same machine, 0.1 MiB to 25 MiB were seen, and once in a while nothing.
int Connection::State::next_row(char** row, const GrowingRow& on_growing) {
  if (!on_growing || !arrivals_are_seen(raw())) return PQgetCopyData(raw(), row, kWait);
  for (std::uint64_t seen = 0;;) {
    if (const int length = PQgetCopyData(raw(), row, kDoNotWait); length != 0) return length;
    if (seen > 0) on_growing(seen);
    seen += wait_for_bytes(raw());
    if (PQconsumeInput(raw()) == 0) return PQgetCopyData(raw(), row, kWait);
  }
}

std::uint64_t Connection::copy_out(std::string_view sql, const CopySink& sink,
                                   const GrowingRow& on_growing) {
  state_->begin_copy(sql, State::Copy::Out);
  for (;;) {
    try {
      char* row = nullptr;
      const int length = state_->next_row(&row, on_growing);
      if (length < 0) break;  // -1: all rows came, or the server failed; -2: libpq did
      const std::unique_ptr<char, FreeRow> owner(row);
      sink(std::as_bytes(std::span(row, static_cast<std::size_t>(length))));
    } catch (...) {
      cancel();
      state_->drain();
      throw;
    }
  }
  return state_->end_copy();
}

std::uint64_t Connection::copy_in(std::string_view sql, const CopySource& source) {
  state_->begin_copy(sql, State::Copy::In);
  bool accepted = true;  // false once the server has refused what came: its reason is the outcome
  try {
    while (accepted) {
      std::span<const std::byte> rest = source();
      if (rest.empty()) break;
      while (accepted && !rest.empty()) {
        const std::span<const std::byte> piece = rest.first(std::min(rest.size(), kCopyPiece));
        // Looking for input lets libpq see an error that came meanwhile, and refuse further data.
        accepted = PQconsumeInput(raw()) == 1 &&
                   PQputCopyData(raw(), chars(piece), static_cast<int>(piece.size())) == 1;
        rest = rest.subspan(piece.size());
      }
    }
  } catch (...) {
    PQputCopyEnd(raw(), "the data could not be read by the client");
    state_->drain();
    throw;
  }
  if (accepted) PQputCopyEnd(raw(), nullptr);
  return state_->end_copy();
}

void Connection::large_objects_read(std::span<const std::uint32_t> oids,
                                    const LargeObjectSink& sink) {
  const auto ask = [this](const char* sql, std::span<const std::string> texts) {
    std::vector<const char*> values;
    for (const std::string& text : texts) values.push_back(text.c_str());
    return state_->take_answer(PQsendQueryParams(raw(), sql, static_cast<int>(values.size()),
                                                 nullptr, values.data(), nullptr, nullptr,
                                                 kBinary));
  };
  while (!oids.empty()) {
    const auto some = oids.first(std::min(oids.size(), kObjectsTogether));
    oids = oids.subspan(some.size());
    const Result firsts =
        ask("select pg_catalog.lo_get(o, 0, $2) "
            "from pg_catalog.unnest($1::pg_catalog.oid[]) with ordinality as l(o, n) order by n",
            std::array{oid_array(some), util::cat(kFirstPiece)});
    for (std::size_t n = 0; n < some.size(); ++n) {
      std::span<const std::byte> bytes = bytes_of(firsts, static_cast<int>(n));
      std::uint64_t offset = 0;
      std::uint64_t asked = kFirstPiece;
      std::optional<Result> rest;
      while (bytes.size() == asked) {
        sink({.oid = some[n], .offset = offset, .bytes = bytes});
        offset += bytes.size();
        asked = kNextPiece;
        rest = ask("select pg_catalog.lo_get($1, $2, $3)",
                   std::array{util::cat(some[n]), util::cat(offset), util::cat(kNextPiece)});
        bytes = bytes_of(*rest, 0);
      }
      sink({.oid = some[n], .offset = offset, .bytes = bytes, .ends = true});
    }
  }
}

void Connection::large_objects_write(std::span<const LargeObjectPiece> pieces) {
  if (pieces.empty()) return;
  std::string sql = "select ";
  std::vector<std::string> numbers;
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
  std::vector<Oid> types;
  numbers.reserve(pieces.size());
  for (const LargeObjectPiece& piece : pieces) {
    const std::size_t at = values.size();
    numbers.push_back(util::cat(piece.oid));
    sql += util::cat(at == 0 ? "" : ", ", "pg_catalog.lo_put($", at + 1, ", ", piece.offset, ", $",
                     at + 2, ")");
    values.insert(values.end(), {numbers.back().c_str(), chars(piece.bytes)});
    lengths.insert(lengths.end(), {0, static_cast<int>(piece.bytes.size())});
    formats.insert(formats.end(), {0, kBinary});
    types.insert(types.end(), {0, kByteaOid});
  }
  state_->take_answer(PQsendQueryParams(raw(), sql.c_str(), static_cast<int>(values.size()),
                                        types.data(), values.data(), lengths.data(), formats.data(),
                                        0));
}

}  // namespace pg
