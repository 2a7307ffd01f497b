// Reading jobs on one database, spread over connections of their own. Private to this module.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "util/reporter.h"

namespace verify {

// What one job sums goes where no other job writes.
struct Job {
  std::uint64_t bytes = 0;  // about as much is read: the largest begin first
  std::function<void(pg::Connection& connection)> work;
};

// Whether a row of the table takes more than 16 MiB, as far as the lengths of its pieces tell.
bool has_huge_rows(const archive::TableRecord& table);

struct Reading {
  pg::ConnInfo database;
  std::string application_name;
  std::string encoding;  // of the text that is compared
  std::size_t jobs = 0;  // connections; 0: as many as cores, at most 8
};

// A session whose text is stable and that reads no user's view (M1, S17).
pg::Connection open_reader(const Reading& reading, std::stop_token stop);
// Until no other session of that name is in the database, or a few seconds are over: they report
// what they changed at their ends.
void wait_for_end_of_sessions(pg::Connection& connection, const std::string& application_name);
// Runs all jobs to their end; the first failure ends them. Throws Kind::Interrupted after a stop.
void run_jobs(const Reading& reading, std::vector<Job> jobs, util::Reporter& reporter,
              std::stop_token stop);
// The same one after the other by `connection`.
void run_jobs_within(pg::Connection& connection, const std::vector<Job>& jobs,
                     util::Reporter& reporter, const std::stop_token& stop);

}  // namespace verify
