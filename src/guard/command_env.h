// What the guarded command finds in its environment: the same database in the same forms, by way of
// the tap (contracts.md K8).
#pragma once

#include <filesystem>
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
  std::filesystem::path root_certificate = {};  // for a command that insists on a verified server
};

// The certificate of the tap as a file for the command, gone with this object. The tap keeps its
// key in memory only.
class RootCertificate {
 public:
  RootCertificate(const std::filesystem::path& folder, const std::string& pem);
  ~RootCertificate();
  RootCertificate(const RootCertificate&) = delete;
  RootCertificate& operator=(const RootCertificate&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;  // absolute: the command may work elsewhere
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
