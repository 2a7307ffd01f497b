#include "dump/pg_dump_program.h"

#include <algorithm>
#include <array>
#include <system_error>

#include "dump/sql_dump.h"
#include "util/error.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace dump {
namespace {

namespace fs = std::filesystem;

// Folders with one sub-folder per version, and what lies between that and the programs.
struct VersionedFolder {
  std::string_view parent;
  std::string_view prefix;  // of the sub-folder's name
  std::string_view rest;
};
constexpr std::array kVersionedFolders{
    VersionedFolder{"/usr/lib/postgresql", "", "bin"},           // Debian, Ubuntu
    VersionedFolder{"/usr", "pgsql-", "bin"},                    // PGDG on Red Hat and SUSE
    VersionedFolder{"/usr/lib", "postgresql", "bin"},            // SUSE, Arch
    VersionedFolder{"/opt/homebrew/opt", "postgresql@", "bin"},  // macOS
    VersionedFolder{"/usr/local/opt", "postgresql@", "bin"},
    VersionedFolder{"/usr/local", "pgsql", "bin"},  // built from source
};

std::vector<fs::path> in_versioned_folders() {
  std::vector<fs::path> found;
  for (const VersionedFolder& folder : kVersionedFolders) {
    std::error_code absent;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder.parent, absent)) {
      const std::string name = entry.path().filename().string();
      const fs::path program = entry.path() / folder.rest / "pg_dump";
      if (name.starts_with(folder.prefix) && fs::exists(program, absent)) found.push_back(program);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

// Debian's pg_dump on PATH chooses a version by itself, and another one for another host: what it
// says of its version holds for nothing.
bool chooses_by_itself(const fs::path& program) {
  std::error_code ignored;
  return fs::weakly_canonical(program, ignored).filename() == "pg_wrapper";
}

// What "pg_dump (PostgreSQL) 15.20 (Debian …)" says; nothing if it does not run or says something
// else.
std::optional<PgDumpProgram> ask(const fs::path& path) {
  constexpr std::string_view kBeginning = "pg_dump (PostgreSQL) ";
  util::Captured answer;
  try {
    answer = util::capture({.argv = {path.string(), "--version"}, .set_env = {"LC_ALL=C"}});
  } catch (const util::Error&) {
    return std::nullopt;  // not executable: as good as not there
  }
  if (answer.ended.status != 0 || !answer.out.starts_with(kBeginning)) return std::nullopt;
  const std::string_view rest = std::string_view(answer.out).substr(kBeginning.size());
  const std::string_view version = rest.substr(0, rest.find_first_of(" \n"));
  const std::string_view digits = version.substr(0, version.find_first_not_of("0123456789"));
  const std::optional<std::uint64_t> major = util::parse_u64(digits);
  if (!major) return std::nullopt;
  return PgDumpProgram{path, static_cast<int>(*major), std::string(version)};
}

std::vector<PgDumpProgram> configured_one(const fs::path& configured) {
  std::optional<PgDumpProgram> program = ask(configured);
  if (!program) {
    throw util::Error(
        util::Kind::Usage,
        util::cat("the configured pg_dump ", util::printable(configured.string()),
                  " does not run or is no pg_dump"),
        {.hint = "Give the path of the program itself, or leave the option out.", .sqlstate = {}});
  }
  return {*std::move(program)};
}

}  // namespace

std::vector<PgDumpProgram> pg_dump_candidates(int server_major, const fs::path& configured) {
  if (!configured.empty()) return configured_one(configured);
  std::vector<fs::path> paths = in_versioned_folders();
  const std::optional<fs::path> on_path = util::find_program("pg_dump");
  const bool known = on_path && std::find(paths.begin(), paths.end(), *on_path) != paths.end();
  if (on_path && !known && !chooses_by_itself(*on_path)) paths.push_back(*on_path);

  std::vector<PgDumpProgram> programs;
  for (const fs::path& path : paths) {
    if (std::optional<PgDumpProgram> program = ask(path)) programs.push_back(*std::move(program));
  }
  // Fitting ones ascending, then those that are too old descending.
  std::stable_sort(programs.begin(), programs.end(),
                   [server_major](const PgDumpProgram& a, const PgDumpProgram& b) {
                     const bool a_fits = a.major >= server_major;
                     const bool b_fits = b.major >= server_major;
                     if (a_fits != b_fits) return a_fits;
                     return a_fits ? a.major < b.major : a.major > b.major;
                   });
  return programs;
}

std::optional<PgDumpProgram> choose_pg_dump(int server_major, SchemaFrom from,
                                            const fs::path& configured) {
  if (from == SchemaFrom::Catalog) return std::nullopt;
  // One that somebody names is used or refused, but not passed over.
  if (from == SchemaFrom::PgDump || !configured.empty())
    return find_pg_dump(server_major, configured);
  const std::vector<PgDumpProgram> programs = pg_dump_candidates(server_major, {});
  if (programs.empty() || programs.front().major < server_major) return std::nullopt;
  return programs.front();
}

std::optional<PgDumpProgram> choose_pg_dump(pg::Connection& connection, SchemaFrom from,
                                            const fs::path& configured) {
  constexpr int kWritesPublic = 15;
  std::optional<PgDumpProgram> program =
      choose_pg_dump(connection.server_major(), from, configured);
  const bool free_to_choose = from == SchemaFrom::Auto && configured.empty();
  if (program && free_to_choose && program->major < kWritesPublic &&
      sql::public_was_altered(connection))
    return std::nullopt;
  return program;
}

PgDumpProgram find_pg_dump(int server_major, const fs::path& configured) {
  const std::vector<PgDumpProgram> programs = pg_dump_candidates(server_major, configured);
  if (!programs.empty() && programs.front().major >= server_major) return programs.front();
  std::vector<std::string> found;
  for (const PgDumpProgram& program : programs) {
    found.push_back(util::cat(program.version, " (", util::printable(program.path.string()), ")"));
  }
  throw util::Error(
      util::Kind::Preflight,
      util::cat(
          "the server is PostgreSQL ", server_major,
          " and no pg_dump of that version or a newer one ",
          found.empty() ? "was found" : util::cat("was found, only ", util::join(found, ", "))),
      {.hint = util::cat("Install it (Debian: apt install postgresql-client-", server_major,
                         "), name one with the option pg_dump, or use --schema-from catalog."),
       .sqlstate = {}});
}

}  // namespace dump
