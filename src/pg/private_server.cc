#include "pg/private_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "pg/url.h"
#include "util/error.h"
#include "util/files.h"
#include "util/log.h"
#include "util/text.h"

namespace pg {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuperuser = "postgres";
// ".s.PGSQL.65535" and the terminating zero have to fit behind the folder.
constexpr std::size_t kSocketFolderBytes =
    sizeof(sockaddr_un::sun_path) - sizeof("/.s.PGSQL.65535");
constexpr int kPortAttempts = 5;

[[noreturn]] void cannot(std::string_view what, std::string_view why, std::string_view hint) {
  throw util::Error(util::Kind::Preflight, util::cat("cannot ", what, ": ", why),
                    {.hint = std::string(hint), .sqlstate = {}});
}

// PostgreSQL refuses to run as root; the distribution's own account comes first.
std::optional<util::Account> account_for_server() {
  if (!util::running_as_root()) return std::nullopt;
  for (const char* const name : {"postgres", "nobody"}) {
    if (std::optional<util::Account> account = util::find_account(name)) return account;
  }
  cannot("start a private server",
         "PostgreSQL does not run as root, and there is no account postgres or nobody",
         "Run this as an ordinary user.");
}

void give_to(const fs::path& path, const std::optional<util::Account>& account) {
  if (account && ::chown(path.c_str(), account->uid, account->gid) != 0) {
    throw util::io_error("give to the server's account", path, errno);
  }
}

// Binds `port` of the loopback address, or any free one for 0. Nothing if it is taken.
std::optional<int> bindable_port(int port) {
  const util::UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  socklen_t length = sizeof address;
  auto* const generic =
      reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets API is made so
  if (!socket || ::bind(socket.get(), generic, length) != 0 ||
      ::getsockname(socket.get(), generic, &length) != 0) {
    return std::nullopt;
  }
  return ntohs(address.sin_port);
}

// The last lines of a long output: the reason stands at its end.
std::string tail(std::string_view text) {
  constexpr std::size_t kKept = 600;
  text = util::trim(text);
  return std::string(text.substr(text.size() - std::min(text.size(), kKept)));
}

bool has_server(const fs::path& folder) {
  return util::find_program((folder / "initdb").string()) &&
         util::find_program((folder / "postgres").string()) &&
         util::find_program((folder / "pg_ctl").string());
}

constexpr const char* kDistribution = "/usr/lib/postgresql";

std::optional<fs::path> bin_directory_on_path() {
  const std::optional<fs::path> initdb = util::find_program("initdb");
  if (!initdb) return std::nullopt;
  std::error_code ignored;
  const fs::path folder = fs::canonical(*initdb, ignored).parent_path();
  return has_server(folder) ? std::optional(folder) : std::nullopt;
}

// It says: postgres (PostgreSQL) 15.18 …
int major_of_postgres(const fs::path& bin_directory) {
  const util::Captured said =
      util::capture({.argv = {(bin_directory / "postgres").string(), "--version"}});
  const std::size_t number = said.out.find_first_of("0123456789");
  if (number == std::string::npos) return 0;
  const std::size_t end = said.out.find_first_not_of("0123456789", number);
  return static_cast<int>(
      util::parse_u64(std::string_view(said.out).substr(number, end - number)).value_or(0));
}

std::string settings_quoted(std::string_view text) {
  return util::cat('\'', util::replace_all(std::string(text), "'", "''"), '\'');
}

}  // namespace

PrivateServer::PrivateServer(const PrivateServerOptions& options)
    : options_(options), account_(account_for_server()) {
  options_.folder = fs::absolute(options_.folder);
  if (options_.bin_directory.empty())
    options_.bin_directory = newest_bin_directory().value_or(fs::path());
  if (!has_server(options_.bin_directory)) {
    cannot("start a private server",
           util::cat("initdb, postgres and pg_ctl are not in ",
                     options_.bin_directory.empty() ? "any known folder"
                                                    : options_.bin_directory.string()),
           "Install the PostgreSQL server (Debian: apt install postgresql), or put its bin folder "
           "on PATH.");
  }
  initialise();
  configure();
  for (int attempt = 1; !running_; ++attempt) {
    port_ = bindable_port(0).value_or(0);
    try {
      start();
    } catch (const util::Error&) {
      // Somebody else may have taken the port meanwhile; any other reason will not go away.
      if (attempt == kPortAttempts || (port_ != 0 && bindable_port(port_))) throw;
    }
  }
}

PrivateServer::~PrivateServer() {
  if (!running_) return;
  try {
    stop(Stop::Immediate);
  } catch (const std::exception& failure) {
    util::log::warning(util::cat("the private server in ", options_.folder.string(),
                                 " still runs: ", failure.what()));
  }
}

util::Captured PrivateServer::server_program(std::vector<std::string> arguments) const {
  util::Command command;
  command.argv = std::move(arguments);
  command.argv.front() = (options_.bin_directory / command.argv.front()).string();
  command.unset_env = ConnInfo::environment_variables();
  command.unset_env.emplace_back("PGDATA");
  command.directory = options_.folder;  // ours may be closed to the account
  command.run_as = account_;
  return util::capture(command);
}

void PrivateServer::initialise() {
  give_to(options_.folder, account_);
  std::vector<std::string> arguments{
      "initdb",     "--no-sync",
      "--pgdata",   data_directory().string(),
      "--username", std::string(kSuperuser),
      "--encoding", "UTF8",
      "--locale",   options_.locale,
      "--auth",     options_.password.empty() ? "trust" : "scram-sha-256"};
  const fs::path password_file = options_.folder / "password";
  if (!options_.password.empty()) {
    util::publish_text(password_file, options_.password + "\n");
    give_to(password_file, account_);
    arguments.insert(arguments.end(), {"--pwfile", password_file.string()});
  }
  const util::Captured initdb = server_program(std::move(arguments));
  std::error_code ignored;
  fs::remove(password_file, ignored);
  if (initdb.ended.status != 0) {
    cannot("make a private server", util::cat("initdb failed: ", tail(initdb.err)),
           account_
               ? util::cat("The folder ", options_.folder.string(),
                           " and its parents must be open to the account ", account_->name, '.')
               : "Check the folder and the locale.");
  }
}

void PrivateServer::configure() {
  fs::path sockets = options_.folder / "socket";
  if (sockets.string().size() > kSocketFolderBytes) {
    short_folder_ = std::make_unique<util::TempDir>("pgbelay-socket", "/tmp");
    sockets = short_folder_->path();
  } else {
    fs::create_directory(sockets);
    fs::permissions(sockets, fs::perms::owner_all);
  }
  give_to(sockets, account_);
  const fs::path file = data_directory() / "postgresql.conf";
  std::string text = util::read_text(file);
  text += util::cat("\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ",
                    settings_quoted(sockets.string()), '\n');
  for (const std::string& line : options_.settings) text += util::cat(line, '\n');
  util::publish_text(file, text);
  give_to(file, account_);
}

void PrivateServer::start() {
  PGBELAY_ASSERT(!running_);
  const util::Captured started = server_program(
      {"pg_ctl", "start", "--wait", "--silent", "--pgdata", data_directory().string(), "--log",
       log_file().string(), "--options", util::cat("-c port=", port_)});
  if (started.ended.status != 0) {
    std::error_code ignored;
    const std::string log =
        fs::exists(log_file(), ignored) ? tail(util::read_text(log_file())) : std::string();
    cannot("start the private server", util::cat(tail(started.err), log.empty() ? "" : "\n", log),
           util::cat("Its log is ", log_file().string(), '.'));
  }
  running_ = true;
}

void PrivateServer::stop(Stop how) {
  PGBELAY_ASSERT(running_);
  const util::Captured stopped =
      server_program({"pg_ctl", "stop", "--wait", "--silent", "--pgdata", data_directory().string(),
                      "--mode", how == Stop::Fast ? "fast" : "immediate"});
  if (stopped.ended.status != 0 && !ended_by_itself())
    cannot("stop the private server", tail(stopped.err), "");
  running_ = false;
}

bool PrivateServer::ended_by_itself() const {
  constexpr int kNoServer = 3;  // pg_ctl's own, as that of LSB's init scripts
  return server_program({"pg_ctl", "status", "--pgdata", data_directory().string()}).ended.status ==
         kNoServer;
}

void PrivateServer::detach() noexcept {
  running_ = false;
  if (short_folder_) short_folder_->keep();
}

std::string PrivateServer::url(std::string_view database) const {
  const std::string password =
      options_.password.empty() ? "" : util::cat(':', percent_encode(options_.password));
  return util::cat("postgresql://", kSuperuser, password, "@127.0.0.1:", port_, '/',
                   percent_encode(database));
}

ConnInfo PrivateServer::conninfo(std::string_view database) const {
  // Whatever our environment says of other servers.
  return ConnInfo::parse(url(database))
      .with_option("hostaddr", "127.0.0.1")
      .with_option("sslmode", "disable");
}

std::string PrivateServer::socket_directory() const {
  return short_folder_ ? short_folder_->path().string() : (options_.folder / "socket").string();
}

void remove_abandoned_server(const fs::path& folder, const fs::path& bin_directory) {
  std::error_code ignored;
  const fs::path data = folder / "data";
  if (fs::exists(data / "postmaster.pid", ignored)) {
    // It fails when the server has gone already, which is as good.
    util::capture({.argv = {(bin_directory / "pg_ctl").string(), "stop", "--wait", "--silent",
                            "--pgdata", data.string(), "--mode", "immediate"},
                   .set_env = {},
                   .unset_env = {"PGDATA"},
                   .directory = folder,
                   .run_as = account_for_server()});
  }
  fs::remove_all(folder, ignored);
}

std::optional<fs::path> newest_bin_directory() {
  if (std::optional<fs::path> there = bin_directory_on_path()) return there;
  std::optional<fs::path> newest;
  std::uint64_t newest_major = 0;
  std::error_code absent;
  for (const fs::directory_entry& entry : fs::directory_iterator(kDistribution, absent)) {
    const std::uint64_t major = util::parse_u64(entry.path().filename().string()).value_or(0);
    if (major <= newest_major || !has_server(entry.path() / "bin")) continue;
    newest_major = major;
    newest = entry.path() / "bin";
  }
  return newest;
}

std::optional<fs::path> bin_directory_of(int major) {
  std::vector<fs::path> candidates{fs::path(kDistribution) / util::cat(major) / "bin",
                                   fs::path(util::cat("/usr/pgsql-", major)) / "bin"};
  if (std::optional<fs::path> there = bin_directory_on_path())
    candidates.insert(candidates.begin(), *std::move(there));
  for (fs::path& candidate : candidates) {
    if (has_server(candidate) && major_of_postgres(candidate) == major) return std::move(candidate);
  }
  return std::nullopt;
}

}  // namespace pg
