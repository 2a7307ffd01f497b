#include "load/load.h"

#include <algorithm>
#include <atomic>
#include <charconv>
#include <set>
#include <thread>

#include "load/data.h"
#include "load/plan.h"
#include "load/restorer.h"
#include "load/schedule.h"
#include "load/sql_load.h"
#include "pg/session.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace load {
namespace {

constexpr std::size_t kMostJobs = 8;

std::size_t jobs_of(const Options& options) {
  if (options.jobs > 0) return options.jobs;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMostJobs);
}

// What template0 has and the source has not (S12).
void drop_additional(Restorer& restorer, const Options& options) {
  if (!options.has_public_schema) restorer.execute("DROP SCHEMA IF EXISTS public");
  if (!options.has_plpgsql) restorer.execute("DROP EXTENSION IF EXISTS plpgsql");
}

// From 15 on pg_dump writes of the privileges on public only what is otherwise than a server 15
// makes it; older servers let everybody create objects there.
void prepare_public(Restorer& restorer, const archive::Toc& toc, const Options& options) {
  constexpr int kSince = 15;
  int dumper = 0;
  std::from_chars(toc.dumper_version.data(), toc.dumper_version.data() + toc.dumper_version.size(),
                  dumper);
  if (!options.acls || !options.has_public_schema || !options.public_is_new || dumper < kSince)
    return;
  if (restorer.connection().server_major() >= kSince) return;
  restorer.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
}

// Seconds from the start at which the last data and the last task were done.
struct Times {
  std::atomic<double> data{0};
  double tasks = 0;
};

void run_tasks(const archive::Reader& archive, const Context& context,
               const std::vector<Task>& tasks, Times& times, const std::stop_token& stop) {
  const util::Stopwatch watch;
  Schedule schedule(tasks);
  DataLoader data(archive);
  util::run_workers(std::min(jobs_of(context.options), tasks.size()), stop,
                    [&](std::size_t, const std::stop_token& stopped) {
                      Restorer restorer(context, stopped);
                      while (const std::optional<std::size_t> next = schedule.next(stopped)) {
                        const Task& task = tasks[*next];
                        if (task.work == Work::Analyze) {
                          restorer.execute(analyze_statement(*task.entry));
                        } else if (task.work == Work::Inspect) {
                          task.inspection->look(restorer.connection());
                        } else if (task.entry->section == archive::Section::Data) {
                          data.load(restorer, task);
                          times.data = watch.elapsed().count();
                        } else {
                          restorer.one(*task.entry);
                        }
                        schedule.finished(*next);
                      }
                    });
  util::throw_if_stopped(stop);
  times.tasks = watch.elapsed().count();
}

// What no task has done: views, partitioned tables, tables without data entries.
void analyze_others(const Context& context, Restorer& restorer, const std::vector<Task>& tasks,
                    const std::stop_token& stop) {
  std::set<std::string> done;
  for (const Task& task : tasks) {
    if (task.work == Work::Analyze) done.insert(analyze_statement(*task.entry));
  }
  std::vector<std::string> open;
  for (std::string& statement : analyze_statements(restorer.connection())) {
    if (!done.contains(statement)) open.push_back(std::move(statement));
  }
  std::atomic<std::size_t> next{0};
  util::run_workers(std::min(jobs_of(context.options), open.size()), stop,
                    [&](std::size_t, const std::stop_token& stopped) {
                      Restorer worker(context, stopped);
                      for (std::size_t n = next++; n < open.size() && !stopped.stop_requested();
                           n = next++) {
                        worker.execute(open[n]);
                      }
                    });
  util::throw_if_stopped(stop);
}

}  // namespace

Report run(const archive::Reader& archive, const Options& options, util::Reporter& reporter,
           std::stop_token stop) {
  const util::Stopwatch watch;
  Tally tally(reporter, options.total_bytes);
  const Context context{.toc = archive.toc(), .options = options, .tally = tally};
  const Plan plan =
      make_plan(archive.toc(), archive.data_bytes(), options.acls ? Acls::Restore : Acls::Leave,
                jobs_of(options), options.inspections);
  Report report;
  report.skipped = plan.skipped;

  Restorer restorer(context, stop);
  drop_additional(restorer, options);
  prepare_public(restorer, archive.toc(), options);
  restorer.all(plan.before);
  Times times;
  run_tasks(archive, context, plan.tasks, times, stop);
  restorer.all(plan.after);
  restorer.all(plan.acls);
  restorer.last_pass(plan.last);
  analyze_others(context, restorer, plan.tasks, stop);
  pg::flush_commits(restorer.connection());

  tally.write_to(report);
  report.data_s = times.data;
  report.index_s = times.tasks - times.data;
  report.total_s = watch.elapsed().count();
  return report;
}

Report run_within(const archive::Reader& archive, pg::Connection& connection,
                  const Options& options, const LeaveOut& leave_out, util::Reporter& reporter,
                  std::stop_token stop) {
  const util::Stopwatch watch;
  archive::Toc toc = archive.toc();
  std::erase_if(toc.entries, leave_out);
  Tally tally(reporter, options.total_bytes);
  const Context context{.toc = toc, .options = options, .tally = tally};
  const Plan plan =
      make_plan(toc, archive.data_bytes(), options.acls ? Acls::Restore : Acls::Leave);
  Report report;
  report.skipped = plan.skipped;

  Restorer restorer(context, connection, stop);
  prepare_public(restorer, toc, options);
  restorer.all(plan.before);
  DataLoader data(archive);
  for (const Task& task : plan.tasks) {  // in the order of the archive, which is a possible one
    util::throw_if_stopped(stop);
    if (task.work != Work::Restore) continue;
    if (task.entry->section == archive::Section::Data) {
      data.load(restorer, task);
      report.data_s = watch.elapsed().count();
    } else {
      restorer.one(*task.entry);
    }
  }
  restorer.all(plan.after);
  restorer.all(plan.acls);
  restorer.last_pass(plan.last);
  for (const std::string& statement : analyze_statements(connection)) restorer.execute(statement);

  tally.write_to(report);
  report.total_s = watch.elapsed().count();
  return report;
}

}  // namespace load
