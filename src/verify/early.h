// Rows of the copy that are read and summed while other tables are still being loaded and indexed,
// so that the proof costs little time of its own. Private to this module.
//
// A sum read early counts only if it is that of the backup, and if nothing has touched the table
// since: it has the file it had, and the server has counted exactly the rows of the load, none
// changed or deleted. Whatever does not count is read again when the load is over. Servers before
// 15 may lose counts: there nothing is read early.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/evidence.h"
#include "archive/manifest.h"
#include "load/load.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "util/reporter.h"
#include "verify/verify.h"

namespace verify {

class EarlyReading {
 public:
  // `manifest` must outlive it.
  EarlyReading(const archive::Manifest& manifest, int server_major);
  ~EarlyReading();
  EarlyReading(const EarlyReading&) = delete;
  EarlyReading& operator=(const EarlyReading&) = delete;

  // For a load, which must have ended before this is destroyed.
  std::vector<load::Inspection> inspections();

  // After the load: the dump ids of the data entries whose tables need not be read again. Waits for
  // the ends of the load's sessions, `application_name`, as they report their counts then.
  std::set<int> settled(pg::Connection& copy, const std::string& application_name);

 private:
  class Table;
  std::vector<std::unique_ptr<Table>> tables_;
};

// Of a copy that is to be sealed: keeps everybody out from now on and ends all sessions in it but
// the one with the pid `spare`.
using CloseCopy = std::function<void(int spare)>;

// compare_content() without reading again what `early` vouches for; it may be null. With `close`
// the copy is closed when it has been compared, and Kind::Proof says that somebody had changed it
// meanwhile.
struct Rest {
  EarlyReading* early = nullptr;
  CloseCopy close = {};
};
std::vector<archive::Finding> compare_rest(const Expected& expected, const pg::ConnInfo& database,
                                           const std::string& application_name, std::size_t jobs,
                                           const Rest& rest, util::Reporter& reporter,
                                           std::stop_token stop);

}  // namespace verify
