// An archive into a database: pre-data, data in parallel, then indexes, constraints and triggers in
// dependency order, in parallel; ACLs, refreshes and event triggers last; ANALYZE at the end.
//
// Guarantees: every server error ends the load; a statement that the server only warned about is
// told. SUBSCRIPTION entries are never restored (F8). DATABASE entries are the caller's.
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/reader.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "util/reporter.h"

namespace load {

struct ExtensionVersion {
  std::string name, version;
};

// What the caller does with a table's rows while the load of others goes on, when no worker has
// anything better to do: some 100 ms of reading, over a session with the settings that make text
// stable. What it throws ends the load. Several of one table may run at once; its indexes may be
// being built.
struct Inspection {
  int data_entry = 0;  // dump id of the TABLE DATA entry that must have been loaded
  std::function<void(pg::Connection& connection)> look;
};

struct Options {
  pg::ConnInfo target;  // an empty database made from template0
  std::string application_name;
  std::size_t jobs = 0;  // 0: as many as cores, at most 8
  std::vector<ExtensionVersion>
      extensions;  // the source's; a version that is not available is Kind::Proof (S12)
  bool has_public_schema = true;  // drop `public` first if the source has none (S12)
  bool has_plpgsql = true;
  bool public_is_new = true;  // the privileges on `public` are those of a new database
  bool owners = true;
  bool acls = true;
  std::uint64_t total_bytes = 0;  // of COPY text, for progress; 0 unknown
  std::vector<Inspection> inspections;
};

struct Report {
  std::uint64_t rows = 0;
  std::uint64_t statements = 0;
  std::vector<std::string>
      skipped;  // entries left out on purpose, with the reason (subscriptions …)
  std::vector<std::string> warnings;  // of the server
  double data_s = 0, index_s = 0, total_s = 0;
};

Report run(const archive::Reader& archive, const Options& options, util::Reporter& reporter,
           std::stop_token stop);

// The same by one connection, within the transaction that is open on it: nothing of it is there
// before the caller's COMMIT. Its session gets the settings of a load. Entries for which
// `leave_out` says so are there already. Of `options`, target, application_name, jobs and
// inspections do not count.
using LeaveOut = std::function<bool(const archive::TocEntry& entry)>;
Report run_within(const archive::Reader& archive, pg::Connection& connection,
                  const Options& options, const LeaveOut& leave_out, util::Reporter& reporter,
                  std::stop_token stop);

}  // namespace load
