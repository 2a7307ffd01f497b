// A server of our own in a folder of our own, on a Unix socket and a loopback port nobody else has:
// for `demo` and for tests. Runs as another account when we are root (PostgreSQL refuses root).
//
// Failure: Kind::Preflight naming what is missing. The destructor stops the server at once
// (immediate) and leaves the folder to its owner.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "pg/conninfo.h"
#include "util/files.h"
#include "util/subprocess.h"

namespace pg {

struct PrivateServerOptions {
  std::filesystem::path folder;  // exists, empty; its parents must be searchable for the account
  std::filesystem::path bin_directory;  // with initdb, postgres; empty: newest_bin_directory()
  std::string locale = "C.UTF-8";
  std::vector<std::string> settings;  // lines for postgresql.conf
  std::string password;               // of the superuser "postgres"; empty: trust authentication
};

class PrivateServer {
 public:
  explicit PrivateServer(
      const PrivateServerOptions& options);  // initdb, start, wait until it answers
  ~PrivateServer();
  PrivateServer(const PrivateServer&) = delete;
  PrivateServer& operator=(const PrivateServer&) = delete;

  ConnInfo conninfo(std::string_view database = "postgres") const;  // over TCP, 127.0.0.1
  std::string url(std::string_view database =
                      "postgres") const;  // postgresql://postgres[:pw]@127.0.0.1:port/db
  std::string socket_directory() const;
  int port() const noexcept { return port_; }
  std::filesystem::path data_directory() const { return options_.folder / "data"; }
  std::filesystem::path log_file() const { return options_.folder / "server.log"; }

  enum class Stop { Fast, Immediate };
  void stop(Stop how);     // or find that it has ended by itself
  void start();            // after stop()
  void detach() noexcept;  // leaves it running when this object goes
  std::optional<util::Account> account() const { return account_; }

 private:
  void initialise();
  void configure();
  bool ended_by_itself() const;
  util::Captured server_program(std::vector<std::string> arguments) const;

  PrivateServerOptions options_;
  std::optional<util::Account> account_;
  std::unique_ptr<util::TempDir>
      short_folder_;  // for the socket, when the path of ours is too long for one
  int port_ = 0;
  bool running_ = false;
};

// A server whose process of ours was killed: stops it if it still runs, and removes its folder.
// Nothing happens where there is none.
void remove_abandoned_server(const std::filesystem::path& folder,
                             const std::filesystem::path& bin_directory);

// The folder with initdb and postgres: PATH, then /usr/lib/postgresql/*/bin, newest major first.
std::optional<std::filesystem::path> newest_bin_directory();
// The one of this major version; its postgres was asked.
std::optional<std::filesystem::path> bin_directory_of(int major);

}  // namespace pg
