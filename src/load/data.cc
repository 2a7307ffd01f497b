#include "load/data.h"

#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "load/copy_statement.h"
#include "load/insert_commands.h"
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
  throw util::Error(util::Kind::Damage, cat(display(entry), " has a statement that is no COPY"));
}

// As the archive's STDSTRINGS entry has it: SET standard_conforming_strings = 'on';
Backslash backslash_in(const archive::Toc& toc) {
  for (const TocEntry& entry : toc.entries) {
    if (entry.desc == "STDSTRINGS" &&
        entry.definition.value_or("").find("'off'") != std::string::npos)
      return Backslash::Escapes;
  }
  return Backslash::Plain;
}

// What goes into large objects by one statement.
constexpr std::size_t kPiecesTogether = 64;
constexpr std::size_t kBytesTogether = 1U << 20U;

struct LargePiece {
  std::uint32_t oid = 0;
  std::uint64_t offset = 0;
  Bytes bytes;
  std::size_t size() const noexcept { return bytes.size() + sizeof(LargePiece); }
};

// Whole objects where they are small; else pieces of this size at most, whatever the archive's
// have.
class LargeObjectCutter {
 public:
  explicit LargeObjectCutter(const util::Ahead<LargePiece>::Put& put) : put_(put) {}
  void begin(std::uint32_t oid) { piece_ = {.oid = oid}; }
  void add(ByteSpan bytes) {
    piece_.bytes.insert(piece_.bytes.end(), bytes.begin(), bytes.end());
    if (piece_.bytes.size() >= kBytesTogether) put();
  }
  void end() {
    if (!piece_.bytes.empty()) put();
  }

 private:
  void put() {
    const std::uint64_t next = piece_.offset + piece_.bytes.size();
    put_(std::exchange(piece_, {.oid = piece_.oid, .offset = next}));
  }

  const util::Ahead<LargePiece>::Put& put_;
  LargePiece piece_;
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
  if (!entry.copy) return run_inserts(restorer, entry);
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

// pg_dump --inserts: the data are commands. They go as they are, in one transaction.
void DataLoader::run_inserts(Restorer& restorer, const TocEntry& entry) {
  util::Ahead<std::string> ahead([&](const util::Ahead<std::string>::Put& put) {
    InsertCutter cutter(backslash_in(restorer.context().toc), put);
    archive_.read_table(entry, [&](ByteSpan bytes) { cutter.add(bytes); });
    cutter.finish();
  });
  std::optional<pg::Transaction> transaction;
  if (!restorer.within()) transaction.emplace(restorer.connection());
  Tally& tally = restorer.context().tally;
  while (const std::optional<std::string> commands = ahead.take()) {
    util::throw_if_stopped(restorer.stop());
    tally.add_rows(restorer.connection().execute(*commands));
    tally.add_bytes(commands->size());
  }
  if (transaction) transaction->commit();
  tally.keep_warnings(restorer.connection());
}

void DataLoader::load_large_objects(Restorer& restorer, const TocEntry& entry) {
  util::Ahead<LargePiece> ahead([this, &entry](const util::Ahead<LargePiece>::Put& put) {
    LargeObjectCutter cutter(put);
    archive_.read_large_objects(entry, {.begin = [&](std::uint32_t oid) { cutter.begin(oid); },
                                        .bytes = [&](ByteSpan bytes) { cutter.add(bytes); },
                                        .end = [&] { cutter.end(); }});
  });
  std::optional<pg::Transaction> transaction;
  if (!restorer.within()) transaction.emplace(restorer.connection());
  std::vector<LargePiece> waiting;
  std::size_t bytes = 0;
  const auto flush = [&] {
    util::throw_if_stopped(restorer.stop());
    std::vector<pg::LargeObjectPiece> pieces;
    for (const LargePiece& piece : waiting)
      pieces.push_back({.oid = piece.oid, .offset = piece.offset, .bytes = piece.bytes});
    restorer.connection().large_objects_write(pieces);
    restorer.context().tally.add_bytes(bytes);
    waiting.clear();
    bytes = 0;
  };
  while (std::optional<LargePiece> piece = ahead.take()) {
    bytes += piece->bytes.size();
    waiting.push_back(*std::move(piece));
    if (bytes >= kBytesTogether || waiting.size() >= kPiecesTogether) flush();
  }
  flush();
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
