// Guarded runs that change nothing, one after the other, on databases of every kind: `drift` after
// each of them has nothing to tell.
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

#include "support/round_trip.h"
#include "util/text.h"

namespace {

using util::cat;

struct Sample {
  std::string name;
  std::string create_options;
  std::vector<std::string> kinds;               // scripts of tests/e2e/kinds
  std::optional<std::filesystem::path> corpus;  // or one of tests/schema/corpus
};

bool all_of_them() {
  const char* const asked = std::getenv("PGBELAY_CORPUS");  // NOLINT: before any thread
  return asked != nullptr && std::string_view(asked) == "all";
}

// Ten runs on each database take minutes: PGBELAY_CORPUS=all (make test-corpus).
std::vector<Sample> samples() {
  const std::string bytes = " lc_collate 'C' lc_ctype 'C'";
  std::vector<Sample> out{
      {"kinds", "", {"types", "tables", "objects"}, {}},
      {"latin1", cat("encoding 'LATIN1'", bytes), {"latin1"}, {}},
  };
  if (!all_of_them()) return out;
  out.push_back({"names", "", {"names"}, {}});
  out.push_back({"sql_ascii", cat("encoding 'SQL_ASCII'", bytes), {"sql_ascii"}, {}});
  out.push_back({"enum_partitions", "", {"enum_partitions"}, {}});
  for (const std::filesystem::path& script : test::schema_corpus()) {
    // A guarded run on a database that has them is refused (F8).
    if (script.stem() != "subscriptions") out.push_back({script.stem().string(), "", {}, script});
  }
  return out;
}

class NoFalseAlarm : public test::RoundTrip, public testing::WithParamInterface<Sample> {
 protected:
  void expect_no_drift_after_run(int number) {
    std::vector<std::string> args{"migrate", "--yes", "--proof",   "written",
                                  "--undo",  "none",  "--formats", "dump"};
    // Servers before 15 do not count their sessions (docs/versions.md).
    if (server().connect().server_major() < 15) args.insert(args.end(), {"--hold", "none"});
    args.insert(args.end(), {"--", "true"});
    const test::BinaryResult ran = run(std::move(args));
    ASSERT_EQ(ran.status, 0) << "run " << number << "\n" << ran.err;
    EXPECT_EQ(ran.err.find("changed:"), std::string::npos) << ran.err;
    EXPECT_EQ(ran.err.find("could not be recorded"), std::string::npos) << ran.err;
    const test::BinaryResult drift = run({"drift"});
    ASSERT_EQ(drift.status, 0) << "run " << number << "\n" << drift.out << drift.err;
  }
};

TEST_P(NoFalseAlarm, OfDriftAfterRunsThatChangeNothing) {
  make(GetParam().name, GetParam().create_options, GetParam().kinds);
  if (GetParam().corpus) test::load_script(folder(), database(), *GetParam().corpus);
  const int runs = all_of_them() ? 10 : 2;
  for (int number = 1; number <= runs && !HasFatalFailure(); ++number)
    expect_no_drift_after_run(number);
}

INSTANTIATE_TEST_SUITE_P(Of, NoFalseAlarm, testing::ValuesIn(samples()),
                         [](const auto& sample) { return sample.param.name; });

}  // namespace
