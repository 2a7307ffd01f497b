// COPY in both directions, and large objects: bytes in bulk through a Connection.
#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <memory>

#include "pg/connection.h"
#include "pg/connection_state.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

constexpr std::size_t kCopyPiece = 1U << 20U;           // bytes handed to libpq at once
constexpr std::size_t kLargeObjectPiece = 256U << 10U;  // bytes per statement
constexpr int kBinary = 1;
constexpr Oid kByteaOid = 17;

using OwnedResult = std::unique_ptr<PGresult, ResultDeleter>;

struct FreeRow {
  void operator()(char* row) const noexcept { PQfreemem(row); }
};

const char* chars(std::span<const std::byte> bytes) noexcept {
  return static_cast<const char*>(static_cast<const void*>(bytes.data()));
}

}  // namespace

void Connection::State::begin_copy(std::string_view sql, Copy direction) {
  if (PQsendQuery(raw(), std::string(sql).c_str()) == 0) throw failure(nullptr);
  OwnedResult answer(PQgetResult(raw()));
  if (PQresultStatus(answer.get()) == (direction == Copy::In ? PGRES_COPY_IN : PGRES_COPY_OUT))
    return;
  drain();
  adopt(answer.release());
  throw util::Error(util::Kind::Bug, "a statement that is no COPY was sent as one");
}

std::uint64_t Connection::State::end_copy() {
  OwnedResult outcome(PQgetResult(raw()));
  drain();  // so that the next statement finds the connection idle, whatever the outcome
  if (PQresultStatus(outcome.get()) == PGRES_COMMAND_OK)
    return adopt(outcome.release()).affected_rows();
  throw failure(outcome.get());
}

std::uint64_t Connection::copy_out(std::string_view sql, const CopySink& sink) {
  state_->begin_copy(sql, State::Copy::Out);
  for (;;) {
    char* row = nullptr;
    const int length = PQgetCopyData(raw(), &row, 0);
    if (length < 0)
      return state_->end_copy();  // -1: all rows came, or the server failed; -2: libpq did
    const std::unique_ptr<char, FreeRow> owner(row);
    try {
      sink(std::as_bytes(std::span(row, static_cast<std::size_t>(length))));
    } catch (...) {
      cancel();
      state_->drain();
      throw;
    }
  }
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

void Connection::large_object_read(std::uint32_t oid, const CopySink& sink) {
  for (std::uint64_t offset = 0;; offset += kLargeObjectPiece) {
    const std::array texts{util::cat(oid), util::cat(offset), util::cat(kLargeObjectPiece)};
    const std::array<const char*, 3> values{texts[0].c_str(), texts[1].c_str(), texts[2].c_str()};
    const Result result =
        state_->take_answer(PQsendQueryParams(raw(), "select pg_catalog.lo_get($1, $2, $3)", 3,
                                              nullptr, values.data(), nullptr, nullptr, kBinary));
    const std::string_view piece = result.text(0, 0).value_or("");
    if (!piece.empty()) sink(std::as_bytes(std::span(piece)));
    if (piece.size() < kLargeObjectPiece) return;
  }
}

void Connection::large_object_write(std::uint32_t oid, const CopySource& source) {
  constexpr std::array<Oid, 3> kTypes{0, 0, kByteaOid};
  constexpr std::array<int, 3> kFormats{0, 0, kBinary};
  std::uint64_t offset = 0;
  for (std::span<const std::byte> rest = source(); !rest.empty(); rest = source()) {
    while (!rest.empty()) {
      const std::span<const std::byte> piece = rest.first(std::min(rest.size(), kLargeObjectPiece));
      const std::array texts{util::cat(oid), util::cat(offset)};
      const std::array<const char*, 3> values{texts[0].c_str(), texts[1].c_str(), chars(piece)};
      const std::array<int, 3> lengths{0, 0, static_cast<int>(piece.size())};
      state_->take_answer(PQsendQueryParams(raw(), "select pg_catalog.lo_put($1, $2, $3)", 3,
                                            kTypes.data(), values.data(), lengths.data(),
                                            kFormats.data(), 0));
      offset += piece.size();
      rest = rest.subspan(piece.size());
    }
  }
}

}  // namespace pg
