// with_server FOLDER DATABASE COMMAND [ARGUMENT…]: runs a command beside a PostgreSQL of its own.
//
// The server lives in FOLDER/server and ends with the command, whose exit status is ours. The
// command gets PGHOST (a Unix socket), PGPORT, PGUSER, PGDATABASE and DATABASE_URL, the server's
// programs first on PATH, and DATABASE, which is empty. FOLDER exists; the server's account must be
// able to reach it.
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "pg/ident.h"
#include "pg/private_server.h"
#include "util/error.h"
#include "util/signals.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace {

namespace fs = std::filesystem;

// What a person would set on a small machine, and nothing in the background that is not asked for.
std::vector<std::string> settings() {
  return {"shared_buffers = 1GB",     "max_wal_size = 8GB",        "checkpoint_timeout = 1h",
          "wal_compression = on",     "autovacuum = off",          "log_min_messages = error",
          "max_parallel_workers = 2", "effective_cache_size = 2GB"};
}

fs::path server_folder(const fs::path& folder) {
  const fs::path server = folder / "server";
  if (::chmod(folder.c_str(), 0755) != 0) throw util::io_error("open", folder, errno);
  fs::create_directory(server);
  return server;
}

util::Command beside(const pg::PrivateServer& server, const fs::path& programs,
                     const std::string& database, std::vector<std::string> argv) {
  util::Command command;
  command.argv = std::move(argv);
  command.unset_env = pg::ConnInfo::environment_variables();
  const char* const path = std::getenv("PATH");  // NOLINT: nobody changes the environment
  const std::string sockets = server.socket_directory();
  const std::string port = util::cat(server.port());
  std::string pid;
  std::getline(std::ifstream(server.data_directory() / "postmaster.pid"), pid);
  command.set_env = {util::cat("BENCH_SERVER_PID=", pid),
                     util::cat("PATH=", programs.string(), ':', path == nullptr ? "" : path),
                     util::cat("PGHOST=", sockets),
                     util::cat("PGPORT=", port),
                     "PGUSER=postgres",
                     util::cat("PGDATABASE=", database),
                     util::cat("DATABASE_URL=postgresql://postgres@/", database, "?host=", sockets,
                               "&port=", port)};
  return command;
}

int run(const std::vector<std::string>& arguments) {
  util::SignalWatcher signals;
  const fs::path folder = fs::absolute(arguments[0]);
  const fs::path programs = pg::newest_bin_directory().value_or(fs::path());
  pg::PrivateServer server({.folder = server_folder(folder),
                            .bin_directory = programs,
                            .settings = settings(),
                            .password = {}});
  pg::Connection::open(server.conninfo(), "bench")
      .execute(util::cat("create database ", pg::quote_ident(arguments[1])));
  const auto forward = [](util::Stream stream, std::string_view bytes) {
    (stream == util::Stream::Out ? std::cout : std::cerr) << bytes << std::flush;
  };
  const util::Command command =
      beside(server, programs, arguments[1], {arguments.begin() + 2, arguments.end()});
  return util::run(command, forward, signals.token()).status;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() < 3) {
    std::cerr << "usage: with_server FOLDER DATABASE COMMAND [ARGUMENT...]\n";
    return 2;
  }
  try {
    return run(arguments);
  } catch (const std::exception& failure) {
    std::cerr << "with_server: " << failure.what() << '\n';
    return 1;
  }
}
