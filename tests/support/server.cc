#include "support/server.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <limits>

#include "pg/ident.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace test {
namespace {

namespace fs = std::filesystem;

fs::path find_bin_directory() {
  const char* const configured =
      std::getenv("PGBELAY_TEST_PG_BINDIRS");  // NOLINT: nobody changes it
  if (configured != nullptr && *configured != '\0')
    return fs::path(util::split(configured, ':').front());
  return pg::newest_bin_directory().value_or(fs::path());
}

// Ends the server and removes its folder when this process has died without doing so: a child that
// waits for the end of a pipe only we hold open.
class Watchdog {
 public:
  explicit Watchdog(const fs::path& folder) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw util::io_error("watch", folder, errno);
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[1]);
      wait_and_clean(ends[0], folder);
    }
    ::close(ends[0]);
    alive_ = util::UniqueFd(ends[1]);
  }
  // After an orderly end there is nothing left to do for the child.
  ~Watchdog() {
    alive_.reset();
    if (child_ > 0) ::waitpid(child_, nullptr, 0);
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  [[noreturn]] static void wait_and_clean(int pipe, const fs::path& folder) {
    ::setsid();
    const int null = ::open("/dev/null", O_RDWR);  // the caller waits for the end of our output
    for (const int standard : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(null, standard);
    // The pipe only: the ends of earlier servers must be open nowhere but in their test.
    constexpr int kPipe = 3;
    ::dup2(pipe, kPipe);
    ::close_range(kPipe + 1, std::numeric_limits<unsigned>::max(), 0);
    char nothing = 0;
    while (::read(kPipe, &nothing, 1) < 0 && errno == EINTR) {
    }
    pid_t postmaster = 0;
    std::ifstream(folder / "data" / "postmaster.pid") >> postmaster;
    if (postmaster > 0) ::kill(postmaster, SIGQUIT);
    // Again while somebody still writes there: an initdb that is ending, the server on its way
    // down.
    std::error_code ignored;
    for (int attempt = 0; attempt < 50 && fs::exists(folder, ignored); ++attempt) {
      fs::remove_all(folder, ignored);
      ::usleep(100'000);
    }
    ::_exit(0);
  }

  util::UniqueFd alive_;
  pid_t child_ = -1;
};

pg::PrivateServerOptions server_options(const ServerOptions& options, const fs::path& folder) {
  // A crash of the machine may lose a test's cluster: that is worth the time.
  std::vector<std::string> settings{"fsync = off",
                                    "full_page_writes = off",
                                    "synchronous_commit = off",
                                    "max_prepared_transactions = 5",
                                    "max_connections = 130",
                                    "autovacuum_naptime = '1h'"};
  settings.insert(settings.end(), options.settings.begin(), options.settings.end());
  return {.folder = folder,
          .bin_directory =
              options.bin_directory.empty() ? server_bin_directory() : options.bin_directory,
          .settings = std::move(settings),
          .password = options.password};
}

}  // namespace

struct TestServer::State {
  explicit State(const ServerOptions& options)
      : folder("pgbelay-test-", "/tmp"),
        watchdog(folder.path()),
        server(server_options(options, folder.path())) {}

  util::TempDir folder;
  Watchdog watchdog;
  pg::PrivateServer server;
};

TestServer::TestServer(const ServerOptions& options) : state_(std::make_unique<State>(options)) {}
TestServer::~TestServer() = default;

pg::PrivateServer& TestServer::server() noexcept { return state_->server; }

pg::Connection TestServer::connect(std::string_view database) {
  return pg::Connection::open(conninfo(database), "pgbelay-test");
}

fs::path server_bin_directory() {
  static const fs::path folder = find_bin_directory();
  return folder;
}

bool have_server() {
  const fs::path folder = server_bin_directory();
  return !folder.empty() && fs::exists(folder / "initdb");
}

TestServer& test_server() {
  static TestServer server;
  return server;
}

std::string scram_password() { return "p@ss w/ord:%'\\"; }

TestServer& scram_server() {
  // Tests crash it, and what they wrote before must be there then.
  static TestServer server({.password = scram_password(), .settings = {"synchronous_commit = on"}});
  return server;
}

TestDatabase::TestDatabase(TestServer& server, std::string_view name_hint,
                           std::string_view create_options)
    : server_(&server) {
  static std::atomic<int> number{0};
  name_ = util::cat(name_hint, '_', ++number);
  server.connect().execute(util::cat("CREATE DATABASE ", pg::quote_ident(name_),
                                     " TEMPLATE template0 ", create_options));
}

TestDatabase::TestDatabase(TestDatabase&& other) noexcept
    : server_(other.server_), name_(std::exchange(other.name_, std::string())) {}

TestDatabase::~TestDatabase() {
  if (name_.empty()) return;
  try {
    pg::Connection connection = server_->connect();
    connection.execute(
        util::cat("DROP DATABASE IF EXISTS ", pg::quote_ident(name_), " WITH (FORCE)"));
  } catch (const util::Error& failure) {
    ADD_FAILURE() << "database " << name_ << " was not dropped: " << failure.text();
  }
}

TestDatabase make_database(std::string_view name_hint, std::string_view create_options) {
  return {test_server(), name_hint, create_options};
}

void ServerTest::SetUp() {
  if (have_server()) return;
  if (std::getenv("CI") != nullptr)
    FAIL() << "no PostgreSQL server binaries";  // NOLINT: nobody changes it
  GTEST_SKIP() << "no PostgreSQL server binaries";
}

}  // namespace test
