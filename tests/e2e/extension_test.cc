// Extensions with configuration tables: on a server of its own, as only its superuser may add an
// extension's files.
#include <gtest/gtest.h>

#include "support/round_trip.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace {

namespace fs = std::filesystem;
using util::cat;

// Where an installation keeps what the server needs, below a common folder.
struct Layout {
  fs::path prefix, bin, lib, share;
};

// Debian has several versions side by side; otherwise, as in the npm packages, there is one.
Layout layout() {
  const fs::path bin = fs::canonical(test::server_bin_directory() / "postgres").parent_path();
  const fs::path version = bin.parent_path().filename();
  if (bin == fs::path("/usr/lib/postgresql") / version / "bin") {
    const fs::path programs = fs::path("lib/postgresql") / version;
    return {"/usr", programs / "bin", programs / "lib", fs::path("share/postgresql") / version};
  }
  return {bin.parent_path(), "bin", "lib", "share/postgresql"};
}

// PostgreSQL finds what it needs relative to its own place: a copy of the programs, with links to
// the rest, can have further extensions.
class Installation {
 public:
  Installation() {
    const fs::path& from = layout_.prefix;
    if (!fs::exists(from / layout_.share)) return;
    const fs::path share = folder_.path() / layout_.share;
    fs::permissions(folder_.path(), fs::perms::others_read | fs::perms::others_exec,
                    fs::perm_options::add);
    fs::create_directories(bin_directory().parent_path());
    fs::create_directories(share / "extension");
    fs::copy(from / layout_.bin, bin_directory());
    fs::create_directory_symlink(from / layout_.lib, folder_.path() / layout_.lib);
    link_all(from / layout_.share, share);
    link_all(from / layout_.share / "extension", share / "extension");
    fs::copy(cat(PGBELAY_SOURCE_DIR, "/tests/e2e/kinds/extension"), share / "extension");
    complete_ = true;
  }
  fs::path bin_directory() const { return folder_.path() / layout_.bin; }
  bool complete() const { return complete_; }

 private:
  static void link_all(const fs::path& from, const fs::path& to) {
    for (const auto& entry : fs::directory_iterator(from)) {
      if (!fs::exists(to / entry.path().filename()))
        fs::create_symlink(entry.path(), to / entry.path().filename());
    }
  }

  Layout layout_ = layout();
  util::TempDir folder_{"pgbelay-installation-", "/tmp"};
  bool complete_ = false;
};

const Installation& installation() {
  static const Installation copied;
  return copied;
}

test::TestServer& own_server() {
  static test::TestServer server(
      {.password = {}, .settings = {}, .bin_directory = installation().bin_directory()});
  return server;
}

class Extensions : public test::RoundTrip, public testing::WithParamInterface<const char*> {
 protected:
  Extensions() : RoundTrip(own_server) {}
  void SetUp() override {
    RoundTrip::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!installation().complete())
      GTEST_SKIP() << "the server's files are in other places than Debian's or npm's";
  }
};

// They are left out by pg_dump and by us, and shown; what the extension itself made is there.
void expect_shown_as_lost(const std::string& told) {
  for (const std::string_view lost : {"index ours", "trigger noted", "rule ours", "policy ours",
                                      "table kinds_settings.no_config"})
    EXPECT_NE(told.find(lost), std::string::npos) << lost << "\n" << told;
  for (const std::string_view kept : {"config_v", "by_the_extension", "config_statistics"})
    EXPECT_EQ(told.find(kept), std::string::npos) << kept << "\n" << told;
}

// M3: rows of configuration tables as far as their condition says, sequences, keys between them;
// S12: the version.
TEST_P(Extensions, KeepTheirConfigurationAndTheirVersion) {
  make("extension", "", {"extension"});
  back_up({"--proof", "proven", "--sql-owners", "--sql-acls", "--schema-from", GetParam()});
  expect_shown_as_lost(told());
  const std::string rows = test::content(database());
  EXPECT_NE(rows.find("table kinds_settings.config 3 "), std::string::npos) << rows;
  const auto version = [](const test::TestDatabase& of) {
    return of.connect()
        .query("select extversion from pg_extension where extname = 'kinds_settings'")
        .str(0, 0);
  };
  const test::TestDatabase ours = copy_by_pgbelay();
  EXPECT_EQ(test::difference(rows, test::content(ours)), "");
  EXPECT_EQ(version(ours), "1.0");

  // A stock restore takes the newest version, which has one table more.
  const std::string newer = "+ table kinds_settings.more 0 \n";
  const test::TestDatabase restored = copy_by_pg_restore();
  EXPECT_EQ(util::replace_all(test::difference(rows, test::content(restored)), " \n", "\n"),
            util::replace_all(newer, " \n", "\n"));
  EXPECT_EQ(version(restored), "2.0");
  const std::string objects = test::definitions(folder(), stock_copy());
  EXPECT_EQ(test::difference(objects, test::definitions(folder(), restored)), "");
  EXPECT_EQ(test::difference(objects, test::definitions(folder(), ours)), "");
  const test::TestDatabase sql_copy = copy_by_psql();
  EXPECT_EQ(util::replace_all(test::difference(rows, test::content(sql_copy)), " \n", "\n"),
            util::replace_all(newer, " \n", "\n"));
  EXPECT_EQ(test::difference(objects, test::definitions(folder(), sql_copy)), "");
}

INSTANTIATE_TEST_SUITE_P(ReadBy, Extensions, testing::Values("pg_dump", "catalog"));

}  // namespace
