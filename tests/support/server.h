// A real PostgreSQL for tests: one cluster per test binary, one database per test.
//
// The cluster is started when it is first asked for, in a folder of its own below /tmp, and is gone
// after the binary has ended, however it ended. Binaries: the first folder of
// PGBELAY_TEST_PG_BINDIRS, else the newest.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/private_server.h"

namespace test {

struct ServerOptions {
  std::string password;                      // of the superuser postgres: SCRAM; empty: trust
  std::vector<std::string> settings;         // lines for postgresql.conf
  std::filesystem::path bin_directory = {};  // empty: server_bin_directory()
};

class TestServer {
 public:
  explicit TestServer(const ServerOptions& options = {});
  ~TestServer();
  TestServer(const TestServer&) = delete;
  TestServer& operator=(const TestServer&) = delete;

  pg::PrivateServer& server() noexcept;
  pg::ConnInfo conninfo(std::string_view database = "postgres") {
    return server().conninfo(database);
  }
  std::string url(std::string_view database = "postgres") { return server().url(database); }
  pg::Connection connect(std::string_view database = "postgres");

 private:
  struct State;
  std::unique_ptr<State> state_;
};

bool have_server();                            // are there binaries to start one with
std::filesystem::path server_bin_directory();  // where they, psql, pg_dump and pg_restore are
TestServer&
test_server();  // shared by the binary; trust authentication, max_prepared_transactions 5
TestServer& scram_server();  // shared, too; asks for scram_password()
std::string scram_password();

// A fresh database (template0), dropped with its sessions at the end of its scope. It must not
// outlive `server`.
class TestDatabase {
 public:
  TestDatabase(TestServer& server, std::string_view name_hint,
               std::string_view create_options = "");
  ~TestDatabase();
  TestDatabase(TestDatabase&& other) noexcept;
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  const std::string& name() const noexcept { return name_; }
  pg::ConnInfo conninfo() const { return server_->conninfo(name_); }
  std::string url() const { return server_->url(name_); }
  pg::Connection connect() const { return server_->connect(name_); }

 private:
  TestServer* server_;
  std::string name_;
};

// On test_server(). `create_options` as in CREATE DATABASE: "encoding 'LATIN1' lc_collate 'C'
// lc_ctype 'C'".
TestDatabase make_database(std::string_view name_hint, std::string_view create_options = "");

// Skips a test where there is no server; fails it in CI (environment variable CI).
class ServerTest : public testing::Test {
 protected:
  void SetUp() override;
};

}  // namespace test
