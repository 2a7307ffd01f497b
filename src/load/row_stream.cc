#include "load/row_stream.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "util/error.h"

namespace load {
namespace {
constexpr std::size_t kPieceBytes = 256U << 10U;  // of COPY text in one message
constexpr std::byte kRowEnd{'\n'};                // as a byte of the text it is escaped
}  // namespace

void RowCutter::add(std::span<const std::byte> bytes) {
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  if (pending_.size() < kPieceBytes + archive::kEndOfData.size()) return;
  // The marker may be what came last, so as many bytes stay here.
  const auto limit = pending_.end() - static_cast<std::ptrdiff_t>(archive::kEndOfData.size());
  const auto row_end =
      std::find(std::make_reverse_iterator(limit), pending_.rend(), kRowEnd).base();
  const bool whole_rows = row_end != pending_.begin();
  const auto cut = whole_rows ? row_end : limit;
  std::vector<std::byte> rest(cut, pending_.end());
  rest.reserve(kPieceBytes * 2);
  pending_.erase(cut, pending_.end());
  put_({.bytes = std::exchange(pending_, std::move(rest)), .ends_row = whole_rows});
}

void RowCutter::finish() {
  PGBELAY_ASSERT(pending_.size() >= archive::kEndOfData.size());
  pending_.resize(pending_.size() - archive::kEndOfData.size());
  if (!pending_.empty()) put_({.bytes = std::move(pending_), .ends_row = true});
}

RowStream::RowStream(const archive::Reader& archive, const archive::TocEntry& entry)
    : ahead_([&archive, &entry](const util::Ahead<RowPiece>::Put& put) {
        RowCutter cutter(put);
        archive.read_table(entry, [&](std::span<const std::byte> bytes) { cutter.add(bytes); });
        cutter.finish();
      }) {}

std::vector<std::byte> RowStream::next(const void* user) {
  {
    const util::Lock lock(mutex_);
    while (within_row_ != nullptr && within_row_ != user && !cut_) changed_.wait(mutex_);
    if (cut_) return {};
    within_row_ = user;
  }
  std::optional<RowPiece> piece;
  const auto pass_on = [this](const void* to) {
    const util::Lock lock(mutex_);
    within_row_ = to;
    changed_.notify_all();
  };
  try {
    piece = ahead_.take();
  } catch (...) {
    pass_on(nullptr);
    throw;
  }
  pass_on(piece && !piece->ends_row ? user : nullptr);
  return piece ? std::move(piece->bytes) : std::vector<std::byte>();
}

void RowStream::cut() {
  ahead_.cut();
  const util::Lock lock(mutex_);
  cut_ = true;
  changed_.notify_all();
}

}  // namespace load
