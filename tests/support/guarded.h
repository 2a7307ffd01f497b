// What end-to-end and fault tests share: a working folder, a database with content, and what must
// hold of both after anything.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "support/run_binary.h"
#include "support/server.h"
#include "util/files.h"

namespace test {

enum class Binary { Release, Dev };

class GuardedTest : public ServerTest {
 protected:
  GuardedTest(Binary binary, TestServer& (*server)());
  void SetUp() override;

  // Runs pgbelay in folder() with DATABASE_URL of database(), unless `env` has another, and nothing
  // else of ours.
  BinaryResult run(std::vector<std::string> args, std::vector<std::string> env = {},
                   OnLine on_line = {});
  void set_input(std::filesystem::path input) { input_ = std::move(input); }  // of later run()s

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path backups() const { return folder() / "backups"; }
  std::filesystem::path last_run() const;  // its folder, by name
  TestServer& server() const { return server_(); }
  TestDatabase& database() { return *database_; }
  void write(const std::string& name, std::string_view text) const;

  // A small shop: tables with keys, a view, a sequence out of step, a large object, a trigger.
  void fill();
  // All rows, sequences and columns as one text: equal texts are equal content.
  std::string content();
  std::string content_of(const std::string& database_name);
  // Names of our side databases on the server that are about database(): `kind` is "proof",
  // "failed" … or "".
  std::vector<std::string> sides(std::string_view kind = "");
  std::vector<std::string> published() const;  // names of the backups
  std::vector<std::string> stages() const;     // what a crash left under a dot name
  std::string query(std::string_view sql);     // one value

  // Exit status, and each of `texts` in stderr; never the password.
  void expect_refusal(const BinaryResult& result, int status,
                      const std::vector<std::string>& texts);
  // No stage; on the server no side database but those that are kept on purpose, no session, no
  // lock, no setting of a hold.
  void expect_nothing_left_behind();

 private:
  std::string left_on_server();  // a line each

  Binary binary_;
  TestServer& (*server_)();
  std::filesystem::path input_;
  util::TempDir folder_{"pgbelay-test-"};
  std::unique_ptr<TestDatabase> database_;
};

}  // namespace test
