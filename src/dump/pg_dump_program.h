// Finding the pg_dump that fits a server (architecture.md §2): the configured one, PATH, the
// distributions' versioned folders. The smallest major version that is not older than the server is
// taken, so that the archive stays readable for the server's own pg_restore.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace dump {

struct PgDumpProgram {
  std::filesystem::path path;
  int major = 0;
  std::string version;  // 15.20
};

// Who reads the schema. Auto: the best pg_dump that fits; pgbelay itself, from the catalogues,
// where there is none.
enum class SchemaFrom { Auto, PgDump, Catalog };

// All that are there, best first for `server_major`; those that are too old at the end.
std::vector<PgDumpProgram> pg_dump_candidates(int server_major,
                                              const std::filesystem::path& configured);
// The program to use; nullopt: the catalogues are read.
std::optional<PgDumpProgram> choose_pg_dump(int server_major, SchemaFrom from,
                                            const std::filesystem::path& configured);
// For the database of `connection`: Auto reads the catalogues also where the program would lose
// what was altered of `public`, so that no backup could be proven.
std::optional<PgDumpProgram> choose_pg_dump(pg::Connection& connection, SchemaFrom from,
                                            const std::filesystem::path& configured);
// The best fitting one, or Kind::Preflight naming what was found and the remedy.
PgDumpProgram find_pg_dump(int server_major, const std::filesystem::path& configured);

}  // namespace dump
