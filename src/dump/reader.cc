#include "dump/reader.h"

#include <algorithm>

#include "archive/copy_text.h"
#include "archive/custom_file.h"
#include "codec/sha256.h"
#include "dump/sql_dump.h"
#include "pg/session.h"
#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace dump {
namespace {

constexpr std::uint64_t kPieceBytes =
    4U << 20U;  // of COPY text; a constant of the format, not an option
// Of a huge row at once; and of its output, which is cut where the archive cuts its chunks.
constexpr std::size_t kStepBytes = 1U << 20U;
constexpr std::size_t kReadyBytes = 4 * archive::kMaxChunkBytes;
constexpr std::size_t kKeptRowBytes = 1U << 20U;  // of the buffer for CSV rows between rows
constexpr std::string_view kLockNotAvailable = "55P03";
constexpr std::string_view kTooManyConnections = "53300";

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string describe(const Work& work, const Task& task) {
  const Content& content = work.content;
  switch (task.what) {
    case Task::What::Rows:
      return util::cat("reading table ", content.tables[task.index].name.display());
    case Task::What::Count:
      return util::cat("counting the rows of table ", content.tables[task.index].name.display());
    case Task::What::Generated:
      return util::cat("reading the generated columns of table ",
                       content.tables[task.index].name.display());
    case Task::What::View:
      return util::cat("reading materialised view ", content.views[task.index].name.display());
    case Task::What::LargeObjects:
      break;
  }
  return "reading large objects";
}

void prepare(pg::Connection& connection, const Snapshot& snapshot) {
  pg::pin_settings(connection, snapshot.encoding());
  pg::refuse_user_views(connection);
}

}  // namespace

// In the snapshot, in one transaction to its end: the locks are part of F1.
class Reader::Session {
 public:
  Session(const ReaderOptions& options, const Work& work, const std::stop_token& stop)
      : connection_(pg::Connection::open(options.source, options.application_name, stop)),
        cancel_(connection_, stop),
        transaction_((prepare(connection_, work.snapshot), connection_),
                     pg::Transaction::Mode::RepeatableReadOnly) {
    if (options.on_session) options.on_session(connection_.backend_pid());
    connection_.execute(sql::wait_little_for_locks());
    import_snapshot(connection_, work.snapshot.id(), stop);
  }
  pg::Connection& connection() noexcept { return connection_; }

 private:
  pg::Connection connection_;
  pg::CancelOnStop cancel_;
  pg::Transaction transaction_;
};

Reader::Reader(const ReaderOptions& options, Work& work, std::stop_token stop)
    : options_(options),
      work_(work),
      stop_(std::move(stop)),
      session_(std::make_unique<Session>(options, work, stop_)),
      text_(options.compress) {}

Reader::~Reader() = default;

pg::Connection& Reader::connection() noexcept { return session_->connection(); }

// libpq keeps the memory of the largest row of a session. The coordinator has the locks meanwhile.
void Reader::renew_session() {
  try {
    session_ = std::make_unique<Session>(options_, work_, stop_);
  } catch (const util::Error& failure) {
    if (failure.sqlstate() != kTooManyConnections) throw;
  }
}

void Reader::run() {
  while (const std::optional<Task> task = work_.take()) {
    work_.watch.wait_until_calm(stop_);
    util::throw_if_stopped(stop_);
    try {
      perform(*task);
    } catch (util::Error& failure) {
      util::throw_if_stopped(stop_);  // cancelled because of something else
      throw failure.while_doing(describe(work_, *task));
    }
  }
}

void Reader::perform(const Task& task) {
  const Content& content = work_.content;
  switch (task.what) {
    case Task::What::Rows:
      read_rows(task);
      work_.report_progress(content.tables[task.index].bytes / content.ranges[task.index].size());
      break;
    case Task::What::LargeObjects:
      read_large_objects(task);
      break;
    case Task::What::Count:
      with_table(task, sql::count_statement(content.tables[task.index].name),
                 [&](std::span<const std::byte> row) {
                   work_.counts[task.index] = util::parse_u64(util::trim(as_text(row))).value_or(0);
                 });
      break;
    case Task::What::Generated:
      read_generated(task);
      break;
    case Task::What::View:
      read_view(task.index);
      break;
  }
}

// Reads a table that may be locked by somebody else at any time. Whoever waits for a lock that
// excludes readers waits for our coordinator, which holds its lock to the end; behind him our own
// wait would be a deadlock that the server cannot see. The coordinator's session then reads
// instead: it has the lock already.
void Reader::with_table(const Task& task, const std::string& copy, const pg::CopySink& sink,
                        const pg::GrowingRow& on_growing) {
  if (!work_.handed_over[task.index] &&
      read_here(sql::lock_at_once(work_.content.tables[task.index].name), copy, sink, on_growing))
    return;
  work_.handed_over[task.index] = true;
  // Only for the head, so that the one session never holds up the writer.
  if (task.what == Task::What::Rows) work_.window.wait_until_head(task.slot, stop_);
  const Snapshot::Session session(work_.snapshot);
  session->copy_out(copy, sink);
}

// False when it would have to wait: for the relation, or for one of its indexes, which planning a
// query opens (somebody rebuilds it). Then no row was read yet. What has to be locked, and the
// savepoint, go with the COPY: at a distance each would else cost a round trip for every chunk.
bool Reader::read_here(const std::string& lock, const std::string& copy, const pg::CopySink& sink,
                       const pg::GrowingRow& on_growing) {
  try {
    connection().copy_out(util::cat(lock, "; ", copy, "; ", sql::keep_lock()), sink, on_growing);
  } catch (const util::Error& failure) {
    if (failure.sqlstate() != kLockNotAvailable) throw;
    connection().execute(sql::undo_lock());
    return false;
  }
  return true;
}

void Reader::read_rows(const Task& task) {
  if (work_.huge_rows[task.index]) work_.window.wait_until_head(task.slot, stop_);
  const scan::Table& table = work_.content.tables[task.index];
  with_table(
      task, scan::copy_out_statement(table.name, table.columns, table.filter, task.range),
      [&](std::span<const std::byte> row) { take_row(task, row); },
      [&](std::uint64_t seen_bytes) { await_turn(task, seen_bytes); });
  if (piece_rows_ > 0) push_piece(task);
  if (work_.huge_rows[task.index]) renew_session();
  work_.window.finish(task.slot);
}

void Reader::read_generated(const Task& task) {
  const scan::Table& table = work_.content.tables[task.index];
  codec::Fingerprint& sum = work_.generated[task.index];
  with_table(task, scan::query_copy_statement(table.name, table.generated, table.filter),
             [&](std::span<const std::byte> row) { sum_row(sum, row, task.index); });
  work_.throttle.take(std::exchange(summed_bytes_, 0), stop_);
}

// A view is locked by nobody before; somebody who drops it together with a table may hold it while
// he waits for us. Its sum is only for a note that it was stale, so it can be left out.
void Reader::read_view(std::size_t number) {
  const scan::MaterializedView& view = work_.content.views[number];
  codec::Fingerprint sum;
  const bool read = read_here(
      std::string(sql::savepoint()), scan::query_copy_statement(view.name, view.columns, ""),
      [&](std::span<const std::byte> row) { sum_row(sum, row, std::nullopt); });
  work_.throttle.take(std::exchange(summed_bytes_, 0), stop_);
  if (read) {
    work_.views[number] = sum;
  } else {
    work_.reporter.warning(util::cat("materialised view ", view.name.display(),
                                     " is locked by somebody else: its rows were not summed"));
  }
}

// What is only looked at is read from the server as the rest is: it counts for its limits, too.
void Reader::sum_row(codec::Fingerprint& sum, std::span<const std::byte> row,
                     std::optional<std::size_t> table) {
  sum.add_row(row.first(row.size() - 1));
  summed_bytes_ += row.size();
  if (summed_bytes_ >= kPieceBytes) pause_for(std::exchange(summed_bytes_, 0), table);
}

// The snapshot's own session is kept waiting by the rate only: whoever waits behind its locks asks
// it who it is.
void Reader::pause_for(std::uint64_t bytes, std::optional<std::size_t> table) {
  if (!table || !work_.handed_over[*table]) work_.watch.wait_until_calm(stop_);
  work_.throttle.take(bytes, stop_);
}

void Reader::take_row(const Task& task, std::span<const std::byte> row) {
  const std::span<const std::byte> line = row.first(row.size() - 1);
  work_.slot_fingerprints[task.slot].add_row(line);
  ++piece_rows_;
  if (row.size() > pg::kHugeRowBytes) {
    take_huge_row(task, row);
  } else {
    if (row.size() > pg::kSuspiciousRowBytes && !work_.large_rows[task.index].exchange(true))
      work_.window.wake();
    text_.add(row);
    if (options_.csv) {
      csv_row_.clear();
      archive::append_csv_row(csv_row_, as_text(line),
                              work_.content.tables[task.index].columns.size());
      csv_.add(std::as_bytes(std::span(csv_row_)));
      if (csv_row_.capacity() > kKeptRowBytes) csv_row_ = std::string();
    }
  }
  if (text_.raw_bytes() >= kPieceBytes) push_piece(task);
}

// Before a row that may be huge: of these there is one at a time.
void Reader::await_turn(const Task& task, std::uint64_t seen_bytes) {
  const auto needless = [&] {
    const bool none_was_huge = work_.large_rows[task.index] && !work_.huge_rows[task.index];
    return !pg::may_be_huge(seen_bytes, none_was_huge);
  };
  if (!needless()) work_.window.wait_until_head(task.slot, stop_, needless);
}

// libpq has the row twice: nothing that is made of it is kept as well.
void Reader::take_huge_row(const Task& task, std::span<const std::byte> row) {
  work_.huge_rows[task.index] = true;
  work_.window.wait_until_head(task.slot, stop_);
  for (std::size_t at = 0; at < row.size(); at += kStepBytes) {
    text_.add(row.subspan(at, std::min(kStepBytes, row.size() - at)));
    push_ready(task);
  }
  if (!options_.csv) return;
  archive::write_csv_row(
      [&](std::string_view part) {
        csv_.add(std::as_bytes(std::span(part)));
        push_ready(task);
      },
      as_text(row.first(row.size() - 1)), work_.content.tables[task.index].columns.size());
}

void Reader::push_ready(const Task& task) {
  Part part;
  part.goes_on = true;
  part.text.deflated = text_.take_ready(kReadyBytes);
  part.csv.deflated = csv_.take_ready(kReadyBytes);
  if (part.bytes() > 0) work_.window.push(task.slot, std::move(part), stop_);
}

void Reader::push_piece(const Task& task) {
  pause_for(text_.raw_bytes(), task.index);
  Part part;
  part.rows = std::exchange(piece_rows_, 0);
  part.text = text_.take();
  if (options_.csv) part.csv = csv_.take();
  work_.window.push(task.slot, std::move(part), stop_);
}

void Reader::read_large_objects(const Task& task) {
  std::vector<std::uint32_t> oids;
  for (std::size_t object = task.index; object < task.end; ++object)
    oids.push_back(work_.content.large_objects[object].oid);
  std::size_t object = task.index;
  codec::Sha256 hash;
  Part part{.begins = true};
  connection().large_objects_read(oids, [&](const pg::LargeObjectPiece& piece) {
    hash.update(piece.bytes);
    work_.large_objects[object].bytes += piece.bytes.size();
    take_large_object_piece(task, piece, part);
    if (piece.ends) work_.large_objects[object++].sha256 = std::exchange(hash, {}).finish();
  });
  work_.window.finish(task.slot);
}

// Parts like a table's pieces; the last one may be empty, as the object itself. No statement runs
// while it waits.
void Reader::take_large_object_piece(const Task& task, const pg::LargeObjectPiece& piece,
                                     Part& part) {
  text_.add(piece.bytes);
  if (options_.raw_large_objects)
    part.raw.insert(part.raw.end(), piece.bytes.begin(), piece.bytes.end());
  if (!piece.ends && text_.raw_bytes() < kPieceBytes) return;
  pause_for(text_.raw_bytes(), std::nullopt);
  part.large_object = piece.oid;
  part.text = text_.take();
  part.ends = piece.ends;
  work_.window.push(task.slot, std::exchange(part, Part{.begins = piece.ends}), stop_);
}

}  // namespace dump
