#include "load/data.h"

#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "load/copy_statement.h"
#include "load/queue.h"
#include "pg/ident.h"
#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace load {
namespace {

using archive::CustomFileReader;
using archive::TocEntry;
using Bytes = std::vector<std::byte>;
using ByteSpan = std::span<const std::byte>;
using util::cat;

constexpr std::size_t kMessageBytes = 256U << 10U;  // of COPY data at once
constexpr std::size_t kAhead = 16;                  // messages

struct NobodyWaits {};  // ends the reader when the consumer has gone

// Runs the reader in a thread, behind a queue.
template <typename Item>
class Ahead {
 public:
  using Fill = std::function<void(Queue<Item>& queue)>;
  explicit Ahead(Fill fill) : queue_(kAhead), thread_([this, filler = std::move(fill)] {
    try {
      filler(queue_);
      queue_.end(nullptr);
    } catch (const NobodyWaits&) {
      queue_.end(nullptr);
    } catch (...) {
      queue_.end(std::current_exception());
    }
  }) {}
  ~Ahead() { queue_.cut(); }  // then the thread is joined

  std::optional<Item> take() { return queue_.take(); }

 private:
  Queue<Item> queue_;
  std::jthread thread_;
};

template <typename Item>
void put(Queue<Item>& queue, Item item) {
  if (!queue.put(std::move(item))) throw NobodyWaits{};
}

// Collects what the reader gives into messages and holds back the end marker, which the server must not get.
class MessageMaker {
 public:
  explicit MessageMaker(Queue<Bytes>& queue) : queue_(queue) {}

  void add(ByteSpan bytes) {
    pending_.insert(pending_.end(), bytes.begin(), bytes.end());
    if (pending_.size() < kMessageBytes + archive::kEndOfData.size()) return;
    const std::size_t cut = pending_.size() - archive::kEndOfData.size();
    Bytes tail(pending_.begin() + static_cast<std::ptrdiff_t>(cut), pending_.end());
    pending_.resize(cut);
    put(queue_, std::exchange(pending_, std::move(tail)));
    pending_.reserve(kMessageBytes * 2);
  }

  // The reader has checked that the marker is there.
  void finish() {
    PGBELAY_ASSERT(pending_.size() >= archive::kEndOfData.size());
    pending_.resize(pending_.size() - archive::kEndOfData.size());
    if (!pending_.empty()) put(queue_, std::move(pending_));
  }

 private:
  Queue<Bytes>& queue_;
  Bytes pending_;
};

void load_table(Restorer& restorer, const CustomFileReader& archive, const Task& task) {
  const TocEntry& entry = *task.entry;
  const std::optional<CopyStatement> copy = parse_copy(entry.copy.value_or(""));
  if (!copy) {
    throw util::Error(util::Kind::Usage, cat(display(entry), " holds no COPY data"),
                      {.hint = "Archives made with --inserts are restored by pg_restore.", .sqlstate = {}});
  }
  Tally& tally = restorer.context().tally;
  Ahead<Bytes> ahead([&](Queue<Bytes>& queue) {
    MessageMaker messages(queue);
    archive.read_table(entry, [&](ByteSpan bytes) { messages.add(bytes); });
    messages.finish();
  });
  Bytes message;
  const pg::CopySource source = [&]() -> ByteSpan {
    util::throw_if_stopped(restorer.stop());
    tally.add_bytes(message.size());
    message = ahead.take().value_or(Bytes());
    return message;
  };
  // A new table is emptied once more in the transaction of its COPY: then its rows may be written frozen and,
  // with wal_level minimal, without log. Rows of a partition that go through its root are not (copy names that).
  const bool fresh = task.new_table && copy->table == entry.tag && copy->schema == entry.schema;
  pg::Transaction transaction(restorer.connection());
  if (fresh) {
    restorer.execute(cat("TRUNCATE TABLE ONLY ", pg::QualifiedName{copy->schema, copy->table}.quoted()));
  }
  const std::string sql = copy_sql(*copy, fresh ? Freeze::Yes : Freeze::No);
  const std::uint64_t rows = restorer.connection().copy_in(sql, source);
  transaction.commit();
  tally.add_rows(rows);
  tally.keep_warnings(restorer.connection());
}

// A piece of a large object; the last one of each is empty.
struct LargePiece {
  std::uint32_t oid = 0;
  Bytes bytes;
};

void read_large_objects(const CustomFileReader& archive, const TocEntry& entry, Queue<LargePiece>& queue) {
  std::uint32_t current = 0;
  archive.read_large_objects(entry, {.begin = [&](std::uint32_t oid) { current = oid; },
                                     .bytes =
                                         [&](ByteSpan bytes) {
                                           if (bytes.empty()) return;
                                           put(queue, LargePiece{current, Bytes(bytes.begin(), bytes.end())});
                                         },
                                     .end = [&] { put(queue, LargePiece{current, {}}); }});
}

void load_large_objects(Restorer& restorer, const CustomFileReader& archive, const TocEntry& entry) {
  Ahead<LargePiece> ahead([&](Queue<LargePiece>& queue) { read_large_objects(archive, entry, queue); });
  pg::Transaction transaction(restorer.connection());
  while (std::optional<LargePiece> piece = ahead.take()) {
    util::throw_if_stopped(restorer.stop());
    bool first = true;
    restorer.connection().large_object_write(piece->oid, [&]() -> ByteSpan {
      if (!std::exchange(first, false)) {
        std::optional<LargePiece> next = ahead.take();
        if (!next) return {};
        piece = std::move(next);
      }
      restorer.context().tally.add_bytes(piece->bytes.size());
      return piece->bytes;
    });
  }
  transaction.commit();
}

}  // namespace

void load_data(Restorer& restorer, const CustomFileReader& archive, const Task& task) {
  const TocEntry& entry = *task.entry;
  try {
    if (entry.desc == "TABLE DATA") {
      load_table(restorer, archive, task);
    } else {
      load_large_objects(restorer, archive, entry);
    }
  } catch (const util::Error& failure) {
    throw restorer.failed(entry, failure);
  }
}

}  // namespace load
