#include "dump/reader.h"

#include "archive/copy_text.h"
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
constexpr std::uint64_t kHugeRowBytes = 16U << 20U;  // contracts.md K15
constexpr std::size_t kKeptRowBytes = 1U << 20U;     // of the buffer for CSV rows between rows
constexpr std::string_view kLockNotAvailable = "55P03";

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

Reader::Reader(const ReaderOptions& options, Work& work, std::stop_token stop)
    : options_(options),
      work_(work),
      stop_(std::move(stop)),
      connection_(pg::Connection::open(options.source, options.application_name, stop_)),
      cancel_(connection_, stop_),
      transaction_((prepare(connection_, work.snapshot), connection_),
                   pg::Transaction::Mode::RepeatableReadOnly),
      text_(options.compress) {
  if (options_.on_session) options_.on_session(connection_.backend_pid());
  connection_.execute(sql::wait_little_for_locks());
  connection_.execute(
      util::cat("SET TRANSACTION SNAPSHOT ", pg::quote_literal(work.snapshot.id())));
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
      with_table(task, [&](pg::Connection& connection) {
        work_.counts[task.index] = sql::count_rows(connection, content.tables[task.index].name);
      });
      break;
    case Task::What::Generated:
      with_table(task, [&](pg::Connection& connection) {
        const scan::Table& table = content.tables[task.index];
        work_.generated[task.index] =
            scan::fingerprint_by_query(connection, table.name, table.generated, table.filter);
      });
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
void Reader::with_table(const Task& task, const Read& read) {
  if (!work_.handed_over[task.index] && read_here(task, read)) return;
  work_.handed_over[task.index] = true;
  // Only for the head, so that the one session never holds up the writer.
  if (task.what == Task::What::Rows) work_.window.wait_until_head(task.slot, stop_);
  const Snapshot::Session session(work_.snapshot);
  read(*session);
}

// False when it would have to wait: for the table, or for one of its indexes, which planning a
// query opens (somebody rebuilds it). Then no row was read yet.
bool Reader::read_here(const Task& task, const Read& read) {
  try {
    connection_.execute(sql::lock_at_once(work_.content.tables[task.index].name));
    read(connection_);
  } catch (const util::Error& failure) {
    if (failure.sqlstate() != kLockNotAvailable) throw;
    connection_.execute(sql::undo_lock());
    return false;
  }
  connection_.execute(sql::keep_lock());
  return true;
}

void Reader::read_rows(const Task& task) {
  if (work_.huge_rows[task.index]) work_.window.wait_until_head(task.slot, stop_);
  with_table(task, [&](pg::Connection& connection) { copy_rows(connection, task); });
  work_.window.finish(task.slot);
}

// A view is locked by nobody before; somebody who drops it together with a table may hold it while
// he waits for us. Its sum is only for a note that it was stale, so it can be left out.
void Reader::read_view(std::size_t number) {
  const scan::MaterializedView& view = work_.content.views[number];
  connection_.execute("SAVEPOINT pgbelay_lock");
  try {
    work_.views[number] = scan::fingerprint_by_query(connection_, view.name, view.columns, "");
  } catch (const util::Error& failure) {
    if (failure.sqlstate() != kLockNotAvailable) throw;
    connection_.execute(sql::undo_lock());
    work_.reporter.warning(util::cat("materialised view ", view.name.display(),
                                     " is locked by somebody else: its rows were not summed"));
    return;
  }
  connection_.execute(sql::keep_lock());
}

void Reader::copy_rows(pg::Connection& connection, const Task& task) {
  const scan::Table& table = work_.content.tables[task.index];
  connection.copy_out(scan::copy_out_statement(table.name, table.columns, table.filter, task.range),
                      [&](std::span<const std::byte> row) { take_row(task, row); });
  if (piece_rows_ > 0) push_piece(task);
}

void Reader::take_row(const Task& task, std::span<const std::byte> row) {
  const std::span<const std::byte> line = row.first(row.size() - 1);
  if (row.size() > kHugeRowBytes) {
    work_.huge_rows[task.index] = true;
    work_.window.wait_until_head(task.slot, stop_);
  }
  work_.slot_fingerprints[task.slot].add_row(line);
  text_.add(row);
  if (options_.csv) {
    csv_row_.clear();
    archive::append_csv_row(csv_row_, as_text(line),
                            work_.content.tables[task.index].columns.size());
    csv_.add(std::as_bytes(std::span(csv_row_)));
    if (csv_row_.capacity() > kKeptRowBytes) csv_row_ = std::string();
  }
  ++piece_rows_;
  if (text_.raw_bytes() >= kPieceBytes) push_piece(task);
}

void Reader::push_piece(const Task& task) {
  // The snapshot's own session is not kept waiting: whoever waits behind its locks asks it who it
  // is.
  if (!work_.handed_over[task.index]) work_.watch.wait_until_calm(stop_);
  work_.throttle.take(text_.raw_bytes(), stop_);
  Part part;
  part.rows = std::exchange(piece_rows_, 0);
  part.text = text_.take();
  if (options_.csv) part.csv = csv_.take();
  work_.window.push(task.slot, std::move(part), stop_);
}

void Reader::read_large_objects(const Task& task) {
  for (std::size_t object = task.index; object < task.end; ++object)
    read_large_object(task, object);
  work_.window.finish(task.slot);
}

// Pieces like a table's; the last one may be empty, as the object itself.
void Reader::read_large_object(const Task& task, std::size_t object) {
  const std::uint32_t oid = work_.content.large_objects[object].oid;
  codec::Sha256 hash;
  Part part{.large_object = oid, .begins = true};
  scan::LargeObjectSum& sum = work_.large_objects[object];
  connection_.large_object_read(oid, [&](std::span<const std::byte> bytes) {
    hash.update(bytes);
    sum.bytes += bytes.size();
    text_.add(bytes);
    if (options_.raw_large_objects) part.raw.insert(part.raw.end(), bytes.begin(), bytes.end());
    if (text_.raw_bytes() < kPieceBytes) return;
    work_.throttle.take(text_.raw_bytes(), stop_);
    part.text = text_.take();
    work_.window.push(task.slot, std::exchange(part, Part{.large_object = oid}), stop_);
  });
  part.text = text_.take();
  part.ends = true;
  work_.window.push(task.slot, std::move(part), stop_);
  sum.sha256 = hash.finish();
}

}  // namespace dump
