#include "dump/schema_source.h"

#include <system_error>

#include "dump/snapshot.h"
#include "util/error.h"
#include "util/subprocess.h"
#include "util/text.h"
#include "util/workers.h"

namespace dump {
namespace {

class RemoveAtEnd {
 public:
  explicit RemoveAtEnd(std::filesystem::path path) : path_(std::move(path)) {}
  ~RemoveAtEnd() {
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
  }
  RemoveAtEnd(const RemoveAtEnd&) = delete;
  RemoveAtEnd& operator=(const RemoveAtEnd&) = delete;

 private:
  std::filesystem::path path_;
};

// Everything secret goes through the environment; the password never enters the arguments.
util::Command command(const SchemaSource& options) {
  util::Command command;
  command.argv = {options.program.path.string(),
                  "--schema-only",
                  "--format=custom",
                  "--no-password",
                  "--no-sync",                 // read and removed at once
                  "--lock-wait-timeout=3000",  // nobody may lock what the snapshot holds
                  util::cat("--snapshot=", options.snapshot),
                  util::cat("--file=", options.scratch.string())};
  command.unset_env = pg::ConnInfo::environment_variables();
  for (std::string& line : options.source.environment()) {
    // The archive is in the encoding of the database: nothing is converted.
    if (!line.starts_with("PGCLIENTENCODING=")) command.set_env.push_back(std::move(line));
  }
  command.set_env.push_back(util::cat("PGAPPNAME=", options.application_name));
  command.set_env.emplace_back("LC_ALL=C");
  return command;
}

// What a person should read of pg_dump's messages: the first lines, in one.
std::string first_lines(std::string_view messages) {
  constexpr std::size_t kLines = 3;
  std::vector<std::string> lines;
  for (std::string_view line : util::split(messages, '\n')) {
    line = util::trim(line);
    if (line.starts_with("pg_dump: ")) line.remove_prefix(std::string_view("pg_dump: ").size());
    if (!line.empty() && lines.size() < kLines) lines.push_back(util::printable(line));
  }
  return util::join(lines, "; ");
}

}  // namespace

archive::Toc read_schema(const SchemaSource& options, util::Reporter& reporter,
                         const std::stop_token& stop) {
  const RemoveAtEnd scratch(options.scratch);
  const util::Captured done = util::capture(command(options), stop);
  util::throw_if_stopped(stop);
  const std::string said = first_lines(done.err);
  if (done.ended.status != 0) {
    if (done.err.find("snapshot") != std::string::npos) wait_for_cause(stop);
    throw util::Error(
        util::Kind::Backup,
        util::cat("pg_dump ", options.program.version, " (", options.program.path.string(),
                  ") failed with exit status ", done.ended.status, ": ",
                  said.empty() ? "it gave no reason" : said));
  }
  if (!said.empty()) reporter.note(util::cat("pg_dump says: ", said));
  return archive::read_toc_file(options.scratch.string()).toc;
}

}  // namespace dump
