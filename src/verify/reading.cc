#include "verify/reading.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "pg/session.h"
#include "util/workers.h"
#include "verify/sql_early.h"

namespace verify {
namespace {

constexpr std::size_t kMostConnections = 8;
constexpr std::chrono::seconds kSessionsEnd{5};
constexpr std::chrono::milliseconds kAgain{10};

std::size_t connections(std::size_t asked, std::size_t jobs) {
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::min(asked > 0 ? asked : std::min(cores, kMostConnections), jobs);
}

}  // namespace

// A piece ends with the row by which it comes to 4 MiB.
bool has_huge_rows(const archive::TableRecord& table) {
  constexpr std::uint64_t kPieceBytes = 4U << 20U;
  constexpr std::uint64_t kHugeRowBytes = 16U << 20U;
  return std::ranges::any_of(table.pieces, [](const archive::PieceRecord& piece) {
    return piece.raw_bytes > kPieceBytes + kHugeRowBytes;
  });
}

pg::Connection open_reader(const Reading& reading, std::stop_token stop) {
  pg::Connection connection =
      pg::Connection::open(reading.database, reading.application_name, std::move(stop));
  pg::pin_settings(connection, reading.encoding);
  pg::refuse_user_views(connection);
  return connection;
}

void wait_for_end_of_sessions(pg::Connection& connection, const std::string& application_name) {
  const auto end = std::chrono::steady_clock::now() + kSessionsEnd;
  while (sql::sessions_left(connection, application_name) &&
         std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(kAgain);
  }
}

void run_jobs(const Reading& reading, std::vector<Job> jobs, util::Reporter& reporter,
              std::stop_token stop) {
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.bytes > b.bytes; });
  std::uint64_t total = 0;
  for (const Job& job : jobs) total += job.bytes;
  std::atomic<std::size_t> next = 0;
  std::atomic<std::uint64_t> done = 0;
  util::run_workers(connections(reading.jobs, jobs.size()), stop,
                    [&](std::size_t, std::stop_token worker_stop) {
                      pg::Connection connection = open_reader(reading, worker_stop);
                      const pg::CancelOnStop cancel(connection, worker_stop);
                      for (std::size_t at = next++;
                           at < jobs.size() && !worker_stop.stop_requested(); at = next++) {
                        jobs[at].work(connection);
                        reporter.progress("compare", done += jobs[at].bytes, total);
                      }
                    });
  util::throw_if_stopped(stop);
}

void run_jobs_within(pg::Connection& connection, const std::vector<Job>& jobs,
                     util::Reporter& reporter, const std::stop_token& stop) {
  const pg::CancelOnStop cancel(connection, stop);
  std::uint64_t total = 0, done = 0;
  for (const Job& job : jobs) total += job.bytes;
  for (const Job& job : jobs) {
    util::throw_if_stopped(stop);
    job.work(connection);
    reporter.progress("compare", done += job.bytes, total);
  }
}

}  // namespace verify
