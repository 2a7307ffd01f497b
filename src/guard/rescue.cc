#include "guard/rescue.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "archive/custom_file.h"
#include "compare/compare.h"
#include "compare/foreign_keys.h"
#include "extract/pattern.h"
#include "guard/catch_up.h"
#include "guard/foreign_rows.h"
#include "guard/journal.h"
#include "guard/sql_guard.h"
#include "guard/undo.h"
#include "pg/session.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace guard {
namespace {

using compare::Change;
using util::cat;
using util::Kind;

// A side of which only some tables count.
class Chosen : public compare::Side {
 public:
  Chosen(std::unique_ptr<compare::Side> side, const std::set<pg::QualifiedName>& tables)
      : side_(std::move(side)) {
    for (const auto& [name, table] : side_->contents().tables) {
      if (tables.contains(name)) contents_.tables.emplace(name, table);
    }
  }
  std::string display() const override { return side_->display(); }
  std::string encoding() const override { return side_->encoding(); }
  std::size_t workers() const override { return side_->workers(); }
  const compare::Contents& contents() override { return contents_; }
  void read(const compare::Table& table, const std::vector<std::string>& columns,
            const compare::RowSink& sink, const std::stop_token& stop) override {
    side_->read(table, columns, sink, stop);
  }
  codec::Fingerprint sum_generated(const compare::Table& table,
                                   const std::vector<std::string>& columns) override {
    return side_->sum_generated(table, columns);
  }
  std::vector<std::string> primary_key(const compare::Table& table) override {
    return side_->primary_key(table);
  }
  compare::ForeignKeys foreign_keys() override { return side_->foreign_keys(); }

 private:
  std::unique_ptr<compare::Side> side_;
  compare::Contents contents_;
};

// A backup as it is with its follow-up: each table from the one that holds its last state.
class Followed : public compare::Side {
 public:
  Followed(std::unique_ptr<compare::Side> base, std::unique_ptr<compare::Side> follow_up)
      : base_(std::move(base)), follow_up_(std::move(follow_up)), contents_(base_->contents()) {
    const compare::Contents& newer = follow_up_->contents();
    for (const auto& [name, table] : newer.tables) contents_.tables[name] = table;
    contents_.sequences = newer.sequences;
    if (!newer.large_objects.empty()) contents_.large_objects = newer.large_objects;
  }
  std::string display() const override { return base_->display(); }
  std::string encoding() const override { return base_->encoding(); }
  std::size_t workers() const override { return std::max(base_->workers(), follow_up_->workers()); }
  const compare::Contents& contents() override { return contents_; }
  void read(const compare::Table& table, const std::vector<std::string>& columns,
            const compare::RowSink& sink, const std::stop_token& stop) override {
    side_of(table).read(table, columns, sink, stop);
  }
  codec::Fingerprint sum_generated(const compare::Table& table,
                                   const std::vector<std::string>& columns) override {
    return side_of(table).sum_generated(table, columns);
  }
  std::vector<std::string> primary_key(const compare::Table& table) override {
    return side_of(table).primary_key(table);
  }
  compare::ForeignKeys foreign_keys() override { return base_->foreign_keys(); }

 private:
  compare::Side& side_of(const compare::Table& table) {
    return follow_up_->contents().tables.contains(table.name) ? *follow_up_ : *base_;
  }

  std::unique_ptr<compare::Side> base_, follow_up_;
  compare::Contents contents_;
};

std::unique_ptr<compare::Side> open_backup(const RunContext& context,
                                           const backup::Backup& backup) {
  const compare::SideOptions options{.jobs = context.jobs, .application_name = {}, .encoding = {}};
  // As it was published: in memory it may be the one with its follow-up already.
  auto side = compare::open_backup(backup::open(backup.path), options, context.reporter);
  std::optional<backup::Backup> follow_up = follow_up_of(read_run(context.names.folder));
  if (!follow_up) return side;
  return std::make_unique<Followed>(
      std::move(side), compare::open_backup(*std::move(follow_up), options, context.reporter));
}

std::unique_ptr<compare::Side> open_database(const RunContext& context, const std::string& database,
                                             const std::string& encoding,
                                             const std::stop_token& stop) {
  return compare::open_database(
      context.database.with_database(database),
      {.jobs = context.jobs, .application_name = context.names.application, .encoding = encoding},
      stop);
}

struct Saving {
  compare::Side& before;
  compare::Side& after;
  Origin origin;
};

compare::Report save(const RunContext& context, const Saving& saving, ForeignRows& rows,
                     std::stop_token stop) {
  compare::Report report =
      compare::run(saving.before, saving.after, {.detail = compare::Detail::Rows}, &rows,
                   context.reporter, std::move(stop));
  rows.finish();
  return report;
}

std::string saved_text(const RunContext& context, const ForeignRows& rows) {
  return cat(util::show_counted(rows.rows(), "row"), " of ",
             util::show_counted(rows.tables(), "table"), " saved in ",
             (context.names.folder / kForeignFolder).string());
}

// Closed again whatever happens.
class Opened {
 public:
  Opened(pg::Connection& maintenance, std::string database)
      : maintenance_(maintenance), database_(std::move(database)) {
    swap::reopen(maintenance_, database_);
  }
  void close() {
    swap::seal(maintenance_, database_);
    open_ = false;
  }
  ~Opened() {
    if (!open_) return;
    try {
      close();
    } catch (const util::Error&) {  // it stays open to its owner; the first error is the news
    }
  }
  Opened(const Opened&) = delete;
  Opened& operator=(const Opened&) = delete;

 private:
  pg::Connection& maintenance_;
  const std::string database_;
  bool open_ = true;
};

SavedTable count(const std::filesystem::path& file, const SavedFile& head) {
  SavedTable table{.name = head.table, .sql = file, .csv = file};
  table.csv.replace_extension(".csv");
  for_each_line(file, [&](std::string_view line) {
    const std::optional<SavedStatement> statement = parse_statement(line);
    if (statement) ++(statement->origin == Origin::Certain ? table.certain : table.unknown);
  });
  return table;
}

std::optional<SavedFile> head_of(const std::filesystem::path& file) {
  const std::string text = [&] {
    const util::ReadFile source(file);
    std::string first(std::min<std::uint64_t>(source.size(), 4096), '\0');
    source.read_some(0, std::as_writable_bytes(std::span(first.data(), first.size())));
    return first;
  }();
  return parse_head(util::split(text, '\n').front());
}

[[noreturn]] void row_has_changed(const SavedTable& table, const SavedStatement& statement,
                                  const std::string& why) {
  throw util::Error(
      Kind::Query,
      cat("a row of ", table.name.display(), " cannot be put back: ", why, "\n  ",
          util::printable(util::cut_utf8(statement.sql, 300))),
      {.hint =
           "Nothing was changed. Choose other tables with --table, or apply single lines of the "
           "file with psql.",
       .sqlstate = {}});
}

class PuttingBack {
 public:
  PuttingBack(pg::Connection& live, bool unknown, std::stop_token stop)
      : live_(live), unknown_(unknown), stop_(std::move(stop)) {}

  void tables(const std::vector<SavedTable>& referring_first) {
    for (const SavedTable& table : referring_first) pass(table, Pass::Deletes);
    for (auto table = referring_first.rbegin(); table != referring_first.rend(); ++table)
      pass(*table, Pass::Others);
  }
  std::uint64_t rows() const noexcept { return rows_; }

 private:
  enum class Pass { Deletes, Others };

  void pass(const SavedTable& table, Pass pass) {
    for_each_line(table.sql, [&](std::string_view line) {
      const std::optional<SavedStatement> statement = parse_statement(line);
      if (!statement || (statement->origin == Origin::Unknown && !unknown_)) return;
      if ((statement->change == Change::Deleted) != (pass == Pass::Deletes)) return;
      util::throw_if_stopped(stop_);
      run(table, *statement);
    });
  }

  void run(const SavedTable& table, const SavedStatement& statement) {
    std::uint64_t affected = 0;
    try {
      affected = live_.query(statement.sql).affected_rows();
    } catch (const util::Error& error) {
      if (error.kind() != Kind::Query && error.kind() != Kind::Privilege) throw;
      row_has_changed(table, statement, error.message());
    }
    if (affected == 0)
      row_has_changed(table, statement, "it is not as the undo had left it any more");
    rows_ += affected;
  }

  pg::Connection& live_;
  const bool unknown_;
  const std::stop_token stop_;
  std::uint64_t rows_ = 0;
};

std::vector<SavedTable> in_order(std::vector<SavedTable> tables, const RunRecord& record,
                                 const std::filesystem::path& dir) {
  const backup::Backup backup = backup::open(dir / record.info().backup);
  const archive::CustomFileReader archive(backup.archive_path());
  std::vector<pg::QualifiedName> names;
  std::map<pg::QualifiedName, SavedTable> by_name;
  for (SavedTable& table : tables) {
    names.push_back(table.name);
    by_name.emplace(table.name, std::move(table));
  }
  std::vector<SavedTable> ordered;
  for (const pg::QualifiedName& name :
       compare::referring_first(names, compare::foreign_keys_of(archive.toc())))
    ordered.push_back(by_name.at(name));
  return ordered;
}

}  // namespace

void save_certain_rows(const RunContext& context, const backup::Backup& backup,
                       const WriteMarks& at_snapshot, std::stop_token stop) {
  std::set<pg::QualifiedName> tables;
  WriteMarks now;
  {
    pg::Connection live = pg::Connection::open(context.database, context.names.application, stop);
    now = read_marks(live);
  }
  const auto changed = changed_relations(at_snapshot.counters, now.counters);
  for (const archive::TableRecord& table : backup.manifest.tables) {
    const pg::QualifiedName name{table.schema, table.table};
    if (changed && std::find(changed->begin(), changed->end(), name) == changed->end()) continue;
    tables.insert(name);
    if (!table.loaded_through.empty()) {  // told as the whole of its partitions
      const std::size_t dot = table.loaded_through.find('.');
      tables.insert({table.loaded_through.substr(0, dot), table.loaded_through.substr(dot + 1)});
    }
  }
  if (tables.empty()) return;
  Chosen before(open_backup(context, backup), tables);
  Chosen after(open_database(context, context.database.database(), before.encoding(), stop),
               tables);
  ForeignRows rows(context.names.folder / kForeignFolder, Origin::Certain, before.encoding());
  save(context, {before, after, Origin::Certain}, rows, stop);
  context.journal.fact("gate", "foreign", {{"rows", cat(rows.rows())}, {"origin", "certain"}});
  if (rows.rows() > 0)
    context.reporter.note(cat("written by others since the backup: ", saved_text(context, rows)));
}

std::string save_unknown_rows(const RunContext& context, const backup::Backup& backup,
                              const std::string& database, std::stop_token stop) {
  if (database_oid(context.maintenance, database) == 0) return {};
  const std::unique_ptr<compare::Side> before = open_backup(context, backup);
  std::optional<Opened> opened;
  if (database != context.database.database()) opened.emplace(context.maintenance, database);
  ForeignRows rows(context.names.folder / kForeignFolder, Origin::Unknown, before->encoding());
  std::string text;
  {
    const std::unique_ptr<compare::Side> after =
        open_database(context, database, before->encoding(), stop);
    const compare::Report report = save(context, {*before, *after, Origin::Unknown}, rows, stop);
    for (const compare::TableDifference& table : report.tables) {
      if (table.what == compare::TableDifference::What::Columns)
        text += cat("table ", table.name.display(),
                    " has other columns now: its rows are in what the undo keeps only\n");
    }
  }
  if (opened) opened->close();
  context.journal.fact("undo", "foreign", {{"rows", cat(rows.rows())}, {"origin", "unknown"}});
  const bool any = rows.rows() > 0 || !saved_tables(context.names.folder).empty();
  if (any) {
    text += cat("what others may have written: ", saved_text(context, rows),
                "; see and put back with: pgbelay rescue ", context.names.id);
  }
  return text;
}

std::vector<SavedTable> saved_tables(const std::filesystem::path& run_folder) {
  std::vector<SavedTable> tables;
  std::error_code none;
  for (const auto& entry : std::filesystem::directory_iterator(run_folder / kForeignFolder, none)) {
    if (entry.path().extension() != ".sql") continue;
    const std::optional<SavedFile> head = head_of(entry.path());
    if (!head) continue;
    SavedTable table = count(entry.path(), *head);
    if (table.certain + table.unknown > 0) tables.push_back(std::move(table));
  }
  std::sort(tables.begin(), tables.end(),
            [](const SavedTable& a, const SavedTable& b) { return a.name < b.name; });
  return tables;
}

std::vector<SavedTable> rescued(const RescueOptions& options) {
  const RunInfo run = find_run(options.dir, options.reference, {});
  std::vector<SavedTable> tables = saved_tables(run.folder);
  if (tables.empty()) {
    throw util::Error(
        Kind::Usage, cat("run ", run.run, " has saved no rows of others"),
        {.hint = "Rows are saved when a run is undone although others wrote.", .sqlstate = {}});
  }
  if (options.tables.empty()) return tables;
  std::vector<SavedTable> chosen;
  for (const std::string& text : options.tables) {
    const extract::TablePattern pattern(text);
    bool fits = false;
    for (const SavedTable& table : tables) {
      if (!pattern.matches(table.name.schema, table.name.name)) continue;
      fits = true;
      const bool there = std::any_of(chosen.begin(), chosen.end(),
                                     [&](const SavedTable& one) { return one.name == table.name; });
      if (!there) chosen.push_back(table);
    }
    if (!fits) {
      throw util::Error(
          Kind::Usage,
          cat("run ", run.run, " has saved no rows of a table ", util::printable(text)),
          {.hint = cat("List them: pgbelay rescue ", run.run), .sqlstate = {}});
    }
  }
  return chosen;
}

std::uint64_t put_back(const RescueOptions& options, util::Reporter& reporter,
                       std::stop_token stop) {
  const RunInfo run = find_run(options.dir, options.reference, {});
  if (run.database != options.database.database()) {
    throw util::Error(Kind::Usage,
                      cat("run ", run.run, " was of database ", run.database, ", not of ",
                          options.database.database()),
                      {.hint = "Name that database with --database.", .sqlstate = {}});
  }
  const std::vector<SavedTable> tables =
      in_order(rescued(options), read_run(run.folder), options.dir);
  pg::Connection live = pg::Connection::open(options.database, cat("pgbelay-", run.key), stop);
  const pg::CancelOnStop cancel(live, stop);
  pg::pin_settings(live, head_of(tables.front().sql)->encoding);
  pg::Transaction transaction(live);
  PuttingBack putting(live, options.unknown, stop);
  putting.tables(tables);
  transaction.commit();
  reporter.note(cat(util::show_counted(putting.rows(), "row"), " put back in ",
                    util::show_counted(tables.size(), "table")));
  return putting.rows();
}

}  // namespace guard
