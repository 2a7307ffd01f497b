// A server that no pg_dump on this machine can dump: backed up, proven and restored all the same.
//
// It needs a server newer than the system's pg_dump: tests/matrix/run.sh has them.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "support/round_trip.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using util::cat;

// Where the system keeps its newest pg_dump, and its version; 0 if there is none.
std::pair<std::filesystem::path, std::uint64_t> system_pg_dump() {
  std::pair<std::filesystem::path, std::uint64_t> newest{{}, 0};
  std::error_code absent;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql", absent)) {
    const std::uint64_t major = util::parse_u64(entry.path().filename().string()).value_or(0);
    if (major > newest.second && std::filesystem::exists(entry.path() / "bin/pg_dump", absent))
      newest = {entry.path() / "bin", major};
  }
  return newest;
}

class NewerServer : public test::RoundTrip {
 protected:
  test::BinaryResult with_old_pg_dump(std::vector<std::string> args) {
    return test::run_release(
        {.args = std::move(args),
         .env = {cat("DATABASE_URL=", database().url()),
                 cat("PATH=", system_pg_dump().first.string(), ":/usr/bin:/bin")},
         .directory = folder(),
         .timeout = std::chrono::seconds(600),
         .on_line = {}});
  }
};

TEST_F(NewerServer, IsBackedUpProvenAndRestoredWithOnlyAnOlderPgDump) {
  const std::uint64_t server_major = static_cast<std::uint64_t>(server().connect().server_major());
  const std::uint64_t client_major = system_pg_dump().second;
  if (client_major == 0 || client_major >= server_major)
    GTEST_SKIP() << "needs a server newer than the system's pg_dump (" << client_major
                 << "), this one is " << server_major << ": tests/matrix/run.sh 17 18";
  std::vector<std::string> scripts{"types", "tables", "objects"};
  for (std::uint64_t version = 14; version <= std::min<std::uint64_t>(server_major, 18); ++version)
    scripts.push_back(cat("since", version));
  make("newer", "", scripts);
  const test::BinaryResult made = with_old_pg_dump({"backup", "--proof", "proven"});
  ASSERT_EQ(made.status, 0) << made.err;
  const std::filesystem::path backup = folder() / "backups" / std::string(util::trim(made.out));
  const auto manifest = nlohmann::json::parse(util::read_text(backup / "manifest.json"));
  EXPECT_EQ(manifest["schema_from"], "catalog");
  const auto proof = nlohmann::json::parse(util::read_text(backup / "proof.json"));
  EXPECT_EQ(proof["level"], "proven");
  EXPECT_EQ(proof["definition"], 2) << "models are compared";

  const test::TestDatabase copy = empty("newer_copy");
  server().connect().execute(cat("drop database ", copy.name()));
  const test::BinaryResult restored =
      with_old_pg_dump({"restore", "latest", "--to", copy.name(), "--yes"});
  ASSERT_EQ(restored.status, 0) << restored.err;
  EXPECT_EQ(test::difference(test::content(database(), test::Rows::WithoutMatviews),
                             test::content(copy, test::Rows::WithoutMatviews)),
            "");
  const test::BinaryResult same =
      with_old_pg_dump({"diff", "latest", copy.name(), "--schema", "--json"});
  EXPECT_EQ(same.status, 0) << same.err;
}

}  // namespace
