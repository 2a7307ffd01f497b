// What the guarded command finds in its environment: the same database in the same forms, by way of
// the tap (contracts.md K8).
#pragma once

#include <string>
#include <vector>

#include "guard/run.h"
#include "pg/conninfo.h"
#include "util/secret.h"

namespace guard {

// Where the tap listens.
struct Redirect {
  std::string host, port;
  util::Secret password;
  std::string database = {};           // the clone instead of the guarded one; empty: that one
  std::string_view phase = "migrate";  // PGBELAY_PHASE
};

struct CommandEnvironment {
  std::vector<std::string> set;  // NAME=value
  std::vector<std::string> unset;
};

// Every variable of `command` in its own form, and libpq's own. Without `redirect` (--no-tap) the
// database itself.
CommandEnvironment command_environment(const CommandSpec& command, const pg::ConnInfo& database,
                                       const std::string& run, const Redirect* redirect);

// Everything that must not be seen in output: the passwords of the database, of the variables, and
// of the tap.
util::Scrubber scrubber_for(const CommandSpec& command, const pg::ConnInfo& database,
                            const Redirect* redirect);

// argv without secrets, for journal and report.
std::vector<std::string> scrubbed_command(const CommandSpec& command, const pg::ConnInfo& database);

}  // namespace guard
