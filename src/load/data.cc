#include "load/data.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "load/copy_statement.h"
#include "pg/ident.h"
#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace load {
namespace {

using archive::TocEntry;
using Bytes = std::vector<std::byte>;
using ByteSpan = std::span<const std::byte>;
using util::cat;

archive::CopyStatement copy_of(const TocEntry& entry) {
  if (std::optional<archive::CopyStatement> copy = archive::parse_copy(entry.copy.value_or("")))
    return *std::move(copy);
  throw util::Error(
      util::Kind::Usage, cat(display(entry), " holds no COPY data"),
      {.hint = "Archives made with --inserts are restored by pg_restore.", .sqlstate = {}});
}

// A piece of a large object; the last one of each is empty.
struct LargePiece {
  std::uint32_t oid = 0;
  Bytes bytes;
  std::size_t size() const noexcept { return bytes.size() + sizeof(LargePiece); }
};

}  // namespace

std::shared_ptr<RowStream> DataLoader::stream(const TocEntry& entry) {
  const util::Lock lock(mutex_);
  std::shared_ptr<RowStream>& found = streams_[entry.dump_id];
  if (!found) found = std::make_shared<RowStream>(archive_, entry);
  return found;
}

void DataLoader::load_table(Restorer& restorer, const Task& task) {
  const TocEntry& entry = *task.entry;
  const archive::CopyStatement copy = copy_of(entry);
  // A new table is emptied once more in the transaction of its COPY: then its rows may be written
  // frozen and, with wal_level minimal, without log. Rows of a partition that go through its root
  // are not (copy names that), nor those of a team, whose transactions would wait for one another.
  const bool fresh = !restorer.within() && task.new_table && task.team == 1 &&
                     copy.table == entry.tag && copy.schema == entry.schema;
  const std::shared_ptr<RowStream> rows =
      task.team == 1 ? std::make_shared<RowStream>(archive_, entry) : stream(entry);
  Tally& tally = restorer.context().tally;
  Bytes piece;
  const pg::CopySource source = [&]() -> ByteSpan {
    util::throw_if_stopped(restorer.stop());
    piece = rows->next(&restorer);
    tally.add_bytes(piece.size());
    return piece;
  };
  try {
    std::optional<pg::Transaction> transaction;
    if (!restorer.within()) transaction.emplace(restorer.connection());
    if (fresh) {
      restorer.execute(
          cat("TRUNCATE TABLE ONLY ", pg::QualifiedName{copy.schema, copy.table}.quoted()));
    }
    tally.add_rows(
        restorer.connection().copy_in(copy_sql(copy, fresh ? Freeze::Yes : Freeze::No), source));
    if (transaction) transaction->commit();
  } catch (...) {
    rows->cut();
    throw;
  }
  tally.keep_warnings(restorer.connection());
}

void DataLoader::load_large_objects(Restorer& restorer, const TocEntry& entry) {
  util::Ahead<LargePiece> ahead([this, &entry](const util::Ahead<LargePiece>::Put& put) {
    std::uint32_t current = 0;
    const auto add = [&](ByteSpan bytes) {
      if (!bytes.empty()) put({current, Bytes(bytes.begin(), bytes.end())});
    };
    archive_.read_large_objects(entry, {.begin = [&](std::uint32_t oid) { current = oid; },
                                        .bytes = add,
                                        .end =
                                            [&] {
                                              put({current, {}});
                                            }});
  });
  std::optional<pg::Transaction> transaction;
  if (!restorer.within()) transaction.emplace(restorer.connection());
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
  if (transaction) transaction->commit();
}

void DataLoader::load(Restorer& restorer, const Task& task) {
  try {
    if (task.entry->desc == "TABLE DATA") {
      load_table(restorer, task);
    } else {
      load_large_objects(restorer, *task.entry);
    }
  } catch (const util::Error& failure) {
    throw restorer.failed(*task.entry, failure);
  }
}

}  // namespace load
