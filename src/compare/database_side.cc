#include <algorithm>
#include <atomic>
#include <optional>
#include <span>
#include <thread>

#include "compare/side.h"
#include "compare/sql_compare.h"
#include "dump/snapshot.h"
#include "dump/sql_dump.h"
#include "pg/session.h"
#include "scan/table.h"
#include "util/error.h"
#include "util/mutex.h"
#include "util/text.h"
#include "util/workers.h"

namespace compare {
namespace {

using util::cat;

constexpr std::size_t kMostWorkers = 8;
constexpr std::string_view kLockNotAvailable = "55P03";

// A session in the snapshot, for one thread at a time.
class Worker {
 public:
  Worker(const pg::ConnInfo& database, const std::string& application_name,
         const std::string& encoding, const std::string& snapshot, const std::stop_token& stop)
      : connection_(pg::Connection::open(database, application_name, stop)),
        transaction_((pg::pin_settings(connection_, encoding), connection_),
                     pg::Transaction::Mode::RepeatableReadOnly) {
    connection_.execute(dump::sql::wait_little_for_locks());
    dump::import_snapshot(connection_, snapshot, stop);
    pg::refuse_user_views(connection_);
  }

  pg::Connection& connection() noexcept { return connection_; }

  // False when it would have to wait for a lock behind somebody who waits for ours: no row was read
  // then, and the session that holds the locks has to read (see dump's readers).
  bool read(const pg::QualifiedName& table, const std::string& statement, const pg::CopySink& sink,
            const pg::GrowingRow& on_growing) {
    try {
      connection_.execute(dump::sql::lock_at_once(table));
      connection_.copy_out(statement, sink, on_growing);
    } catch (const util::Error& failure) {
      if (failure.sqlstate() != kLockNotAvailable) throw;
      connection_.execute(dump::sql::undo_lock());
      return false;
    }
    connection_.execute(dump::sql::keep_lock());
    return true;
  }

 private:
  pg::Connection connection_;
  pg::Transaction transaction_;
};

class DatabaseSide : public Side {
 public:
  DatabaseSide(const pg::ConnInfo& database, const SideOptions& options, std::stop_token stop)
      : database_(database),
        application_name_(options.application_name),
        stop_(std::move(stop)),
        snapshot_(database_, application_name_, stop_),
        encoding_(options.encoding.empty() ? snapshot_.encoding() : options.encoding),
        workers_(workers_of(options)) {
    const dump::Snapshot::Session session(snapshot_);
    const pg::CancelOnStop cancel(*session, stop_);
    pg::pin_settings(*session, encoding_);
    pg::refuse_user_views(*session);
    list(*session);
  }

  std::string display() const override { return cat("database ", database_.display()); }
  std::string encoding() const override { return encoding_; }
  std::size_t workers() const override { return workers_.size(); }
  const Contents& contents() override { return contents_; }

  void read(const Table& table, const std::vector<std::string>& columns, const RowSink& sink,
            const std::stop_token& stop) override {
    std::vector<Task> tasks;
    for (const std::size_t part : table.parts) {
      for (const scan::PageRange& range : ranges_of(tables_[part])) {
        tasks.push_back({&tables_[part], scan::copy_out_statement(tables_[part].name, columns,
                                                                  tables_[part].filter, range)});
      }
    }
    large_rows_ = false;
    std::atomic<std::size_t> next = 0;
    util::run_workers(std::min(workers_.size(), tasks.size()), stop,
                      [&](std::size_t number, const std::stop_token& stopped) {
                        const pg::CopySink give_on = [&sink,
                                                      number](std::span<const std::byte> row) {
                          sink(number, {reinterpret_cast<const char*>(row.data()), row.size() - 1});
                        };
                        for (std::size_t at = next++;
                             at < tasks.size() && !stopped.stop_requested(); at = next++) {
                          perform(tasks[at], number, give_on, stopped);
                        }
                      });
    util::throw_if_stopped(stop);
  }

  codec::Fingerprint sum_generated(const Table& table,
                                   const std::vector<std::string>& columns) override {
    const dump::Snapshot::Session session(snapshot_);
    const pg::CancelOnStop cancel(*session, stop_);
    codec::Fingerprint sum;
    for (const std::size_t part : table.parts) {
      sum +=
          scan::fingerprint_by_query(*session, tables_[part].name, columns, tables_[part].filter);
    }
    return sum;
  }

  std::vector<std::string> primary_key(const Table& table) override {
    if (!primary_keys_) {
      const dump::Snapshot::Session session(snapshot_);
      primary_keys_ = sql::primary_keys(*session);
    }
    const scan::Table& part = tables_[table.parts.front()];
    const auto found = primary_keys_->find(table.partitioned ? part.load_root_oid : part.oid);
    return found == primary_keys_->end() ? std::vector<std::string>() : found->second;
  }

  ForeignKeys foreign_keys() override {
    const dump::Snapshot::Session session(snapshot_);
    return sql::foreign_keys(*session);
  }

 private:
  struct Task {
    const scan::Table* table;
    std::string statement;
  };

  // From its first huge row to its end a task is alone with such rows.
  void perform(const Task& task, std::size_t number, const pg::CopySink& give_on,
               const std::stop_token& stop) {
    std::optional<util::Lock> turn;
    bool huge = false;
    const pg::GrowingRow take_turn = [&](std::uint64_t seen_bytes) {
      if (!turn && pg::may_be_huge(seen_bytes, large_rows_)) turn.emplace(huge_rows_);
    };
    const pg::CopySink give = [&](std::span<const std::byte> row) {
      give_on(row);
      huge = huge || row.size() > pg::kHugeRowBytes;
      if (!turn || huge) return;
      turn.reset();
      large_rows_ = true;
    };
    if (!read_by_worker(task, number, give, take_turn, stop)) {
      const dump::Snapshot::Session session(snapshot_);
      const pg::CancelOnStop cancel(*session, stop);
      session->copy_out(task.statement, give, take_turn);
    }
    if (turn) workers_[number].reset();  // and the memory of its session
  }

  bool read_by_worker(const Task& task, std::size_t number, const pg::CopySink& give,
                      const pg::GrowingRow& on_growing, const std::stop_token& stop) {
    Worker& worker = opened(number, stop);
    const pg::CancelOnStop cancel(worker.connection(), stop);
    return worker.read(task.table->name, task.statement, give, on_growing);
  }

  void list(pg::Connection& connection) {
    tables_ = scan::list_tables(connection);
    for (std::size_t n = 0; n < tables_.size(); ++n) add_part(tables_[n], n);
    for (const scan::Sequence& sequence : scan::list_sequences(connection))
      contents_.sequences[sequence.name] = {sequence.last_value, sequence.is_called};
    sum_large_objects(connection);
    contents_.objects = schema::list_objects(connection);
  }

  void sum_large_objects(pg::Connection& connection) {
    constexpr std::size_t kTogether = 64;
    const std::vector<scan::LargeObject> objects = scan::list_large_objects(connection);
    std::vector<std::uint32_t> oids;
    for (const scan::LargeObject& object : objects) oids.push_back(object.oid);
    for (std::size_t first = 0; first < oids.size(); first += kTogether) {
      util::throw_if_stopped(stop_);
      const auto some = std::span(oids).subspan(first, std::min(kTogether, oids.size() - first));
      std::vector<scan::LargeObjectSum> sums = scan::sum_large_objects(connection, some);
      for (std::size_t n = 0; n < some.size(); ++n) {
        const scan::LargeObject& object = objects[first + n];
        contents_.large_objects[object.oid] = {
            .bytes = sums[n].bytes,
            .sha256 = std::move(sums[n].sha256),
            .owner = object.owner,
            .privileges = privileges_of_large_object(object.owner, object.acl),
            .comment = object.comment};
      }
    }
  }

  void add_part(const scan::Table& part, std::size_t number) {
    const pg::QualifiedName& name = part.load_root ? *part.load_root : part.name;
    Table& table = contents_.tables[name];
    table.name = name;
    table.partitioned = part.load_root.has_value();
    table.columns = part.columns;
    table.generated = part.generated;
    table.bytes += part.bytes;
    table.parts.push_back(number);
  }

  std::vector<scan::PageRange> ranges_of(const scan::Table& table) {
    const dump::Snapshot::Session session(snapshot_);
    return scan::readable_ranges(*session, table);
  }

  Worker& opened(std::size_t number, const std::stop_token& stop) {
    std::unique_ptr<Worker>& worker = workers_[number];
    if (!worker) {
      worker =
          std::make_unique<Worker>(database_, application_name_, encoding_, snapshot_.id(), stop);
    }
    return *worker;
  }

  const pg::ConnInfo database_;
  const std::string application_name_;
  const std::stop_token stop_;
  dump::Snapshot snapshot_;
  const std::string encoding_;
  std::vector<scan::Table> tables_;
  Contents contents_;
  std::optional<std::map<std::uint32_t, std::vector<std::string>>> primary_keys_;
  std::vector<std::unique_ptr<Worker>> workers_;
  util::Mutex huge_rows_;                 // held by whoever reads some
  std::atomic<bool> large_rows_ = false;  // the table that is read has some that were not huge
};

}  // namespace

std::size_t workers_of(const SideOptions& options) {
  if (options.jobs > 0) return options.jobs;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostWorkers);
}

std::unique_ptr<Side> open_database(const pg::ConnInfo& database, const SideOptions& options,
                                    std::stop_token stop) {
  return std::make_unique<DatabaseSide>(database, options, std::move(stop));
}

}  // namespace compare
