#include "extract/extract.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "archive/copy_text.h"
#include "extract/archive_source.h"
#include "extract/batches.h"
#include "extract/columns.h"
#include "extract/encoder.h"
#include "extract/filter.h"
#include "extract/in_order.h"
#include "extract/statements.h"
#include "extract/tables.h"
#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace extract {
namespace {

using util::cat;
using util::Error;
using util::Kind;

constexpr std::size_t kMostJobs = 8;

std::size_t jobs_of(const Options& options) {
  if (options.jobs > 0) return options.jobs;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostJobs);
}

Projection projection_of(const Query& query, const Table& table) {
  Projection projection{.names = table.copy.columns, .fields = {}};
  const std::vector<ColumnName> wanted = parse_columns(query.columns);
  if (wanted.empty()) return projection;
  projection.names.clear();
  for (const ColumnName& column : wanted) {
    projection.fields.push_back(column_index(table.copy.columns, column, table.display()));
    projection.names.push_back(table.copy.columns[projection.fields.back()]);
  }
  return projection;
}

// One table with all that is to be done to its rows: made for every table before the first row is
// given, so that a wrong word on the command line gives nothing at all.
struct Job {
  Table table;
  RowFilter filter;
  RowOutput output;
};

Job make_job(const Query& query, const archive::Toc& toc, Table table) {
  std::vector<Condition> conditions;
  for (const std::string& text : query.where) conditions.push_back(parse_condition(text));
  const Grep grep{.expression = query.grep,
                  .alphabet = toc.encoding() == "UTF8" ? Alphabet::Utf8 : Alphabet::Bytes};
  RowFilter filter(table.copy.columns, conditions, grep, table.display());
  RowOutput output{.format = query.format,
                   .projection = projection_of(query, table),
                   .types = {},
                   .insert = {},
                   .after_values = {}};
  if (query.format == Format::Json) output.types = json_types(toc, table, output.projection.names);
  if (query.format == Format::Sql) {
    const std::vector<std::string>& names = output.projection.names;
    output.insert = insert_begin(toc, table, names);
    output.after_values = query.upsert == Upsert::Yes ? upsert_end(toc, table, names)
                          : names.empty()             ? ";\n"
                                                      : ");\n";
  }
  return {std::move(table), std::move(filter), std::move(output)};
}

// What one batch became.
struct Chosen {
  std::string text;
  std::uint64_t rows = 0;
  std::vector<std::size_t> ends;  // of each row's text, where there is a limit
  std::optional<Loss> loss;
  std::optional<std::string> note;
};

class TableRun {
 public:
  TableRun(const Job& job, std::optional<std::uint64_t> limit, Report& report, const Sink& out)
      : job_(job), limit_(limit), left_(limit.value_or(0)), report_(report), out_(out) {}

  void run(Batches& batches, std::size_t jobs, const std::stop_token& stop) {
    if (limit_ == 0U) return;
    const std::stop_callback chained(stop, [this] { enough_.request_stop(); });
    InOrder<Chosen> order(2 * jobs, [this](Chosen chosen) { give(std::move(chosen)); });
    util::run_workers(jobs, enough_.get_token(), [&](std::size_t, const std::stop_token& stopped) {
      BatchMemory memory;
      const std::unique_ptr<Encoder> encoder = make_encoder(job_.output);
      while (!stopped.stop_requested()) {
        std::optional<Batch> batch = batches.take(memory);
        if (!batch) return;
        order.put(batch->number, choose(*batch, *encoder), stopped);
      }
    });
    util::throw_if_stopped(stop);
  }

 private:
  Chosen choose(Batch& batch, Encoder& encoder) const {
    Chosen chosen;
    chosen.loss = std::move(batch.loss);
    chosen.note = std::move(batch.note);
    if (job_.filter.passes_all()) chosen.text.reserve(batch.rows.size() + batch.rows.size() / 4);
    std::string_view rest = batch.rows;
    while (!limit_ || chosen.rows < *limit_) {
      const std::optional<std::string_view> row = job_.filter.next(rest);
      if (!row) break;
      encoder.append(chosen.text, *row);
      ++chosen.rows;
      if (limit_) chosen.ends.push_back(chosen.text.size());
    }
    return chosen;
  }

  void give(Chosen chosen) {
    if (limit_ && chosen.rows >= left_) {
      chosen.rows = left_;
      chosen.text.resize(chosen.ends[left_ - 1]);
    }
    if (!chosen.text.empty()) out_(chosen.text);
    report_.rows += chosen.rows;
    if (chosen.note) report_.notes.push_back(*std::move(chosen.note));
    if (limit_ && (left_ -= chosen.rows) == 0) {
      enough_.request_stop();
    } else if (chosen.loss) {
      report_.lost.push_back(*std::move(chosen.loss));
    }
  }

  const Job& job_;
  const std::optional<std::uint64_t> limit_;
  std::uint64_t left_;  // of the limit
  Report& report_;
  const Sink& out_;
  std::stop_source enough_;
};

class Run {
 public:
  Run(const Options& options, const Sink& out, std::stop_token stop)
      : options_(options), out_(out), stop_(std::move(stop)), source_(options.source) {
    if (source_.note()) report_.notes.push_back(*source_.note());
  }

  Report run() {
    const Query& query = options_.query;
    if (query.upsert == Upsert::Yes && query.format != Format::Sql)
      throw Error(Kind::Usage, "--upsert is for --format sql only");
    if (query.upsert == Upsert::Yes && source_.note())
      throw Error(Kind::Damage, cat("--upsert needs the primary key, and ", *source_.note()),
                  {.hint = "Leave --upsert out.", .sqlstate = {}});
    std::vector<Job> jobs;
    for (Table& table : find_tables(toc(), options_.source.manifest, query.table))
      jobs.push_back(make_job(query, toc(), std::move(table)));
    report_.tables = jobs.size();
    if (options_.folder.empty()) {
      to_sink(jobs);
    } else {
      to_folder(jobs);
    }
    return std::move(report_);
  }

 private:
  const archive::Toc& toc() const { return source_.toc(); }
  bool is_sql() const { return options_.query.format == Format::Sql; }

  void to_sink(const std::vector<Job>& jobs) {
    if (jobs.size() > 1 && !is_sql()) {
      std::vector<std::string> names;
      for (const Job& job : jobs) names.push_back(job.table.display());
      throw Error(Kind::Usage,
                  cat(util::printable(options_.query.table), " fits ", jobs.size(),
                      " tables: ", util::printable(util::join(names, ", "))),
                  {.hint = "Name one, give --output FOLDER for a file each, or --format sql.",
                   .sqlstate = {}});
    }
    if (is_sql()) out_(script_head(toc().encoding()));
    for (const Job& job : jobs) one(job, out_);
    if (is_sql()) out_(script_tail());
  }

  void to_folder(const std::vector<Job>& jobs);

  void one(const Job& job, const Sink& out) {
    if (const std::string line = head(job.output); !line.empty()) out(line);
    const std::unique_ptr<Batches> batches = source_.batches(job.table);
    TableRun(job, options_.query.limit, report_, out).run(*batches, jobs_of(options_), stop_);
  }

  const Options& options_;
  const Sink& out_;
  const std::stop_token stop_;
  const ArchiveSource source_;
  Report report_;
};

// Nobody's files are written over.
void Run::to_folder(const std::vector<Job>& jobs) {
  constexpr std::string_view kCompressed = ".csv.gz";
  std::vector<archive::TableName> tables;
  for (const Job& job : jobs) tables.push_back({job.table.schema, job.table.name});
  std::vector<std::filesystem::path> paths;
  for (const std::string& name : archive::csv_file_names(tables)) {
    const std::string_view suffix = is_sql()                                ? ".sql"
                                    : options_.query.format == Format::Json ? ".json"
                                                                            : ".csv";
    const std::string stem = name.substr(0, name.size() - kCompressed.size());
    paths.push_back(options_.folder / cat(stem, suffix));
    if (std::filesystem::exists(paths.back()))
      throw Error(Kind::Usage, cat(paths.back().string(), " exists already"),
                  {.hint = "Give an empty folder as --output.", .sqlstate = {}});
  }
  std::filesystem::create_directories(options_.folder);
  for (std::size_t n = 0; n < jobs.size(); ++n) {
    util::PendingFile file(paths[n]);
    const Sink to_file = [&file](std::string_view text) { file.write(text); };
    if (is_sql()) to_file(script_head(toc().encoding()));
    one(jobs[n], to_file);
    if (is_sql()) to_file(script_tail());
    file.publish();
  }
}

}  // namespace

Report run(const Options& options, const Sink& out, std::stop_token stop) {
  return Run(options, out, std::move(stop)).run();
}

}  // namespace extract
