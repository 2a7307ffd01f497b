// A database of each class of objects, and whole applications: the definitions that a restored
// backup has are those of a stock dump and restore, whoever read the schema.
//
// F6: both are of the second generation, since expressions change once on their way through text.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "support/round_trip.h"
#include "util/text.h"

namespace {

using util::cat;

std::string name_of(const testing::TestParamInfo<std::filesystem::path>& script) {
  return script.param.stem().string();
}

class SchemaCorpus : public test::RoundTrip,
                     public testing::WithParamInterface<std::filesystem::path> {
 protected:
  void SetUp() override {
    test::RoundTrip::SetUp();
    if (IsSkipped()) return;
    make(GetParam().stem().string(), "", {});
    test::load_script(folder(), database(), GetParam());
  }
  // A database that has any cannot be dropped. None of the corpus has a slot that this could touch
  // (F8).
  void TearDown() override {
    if (IsSkipped()) return;
    drop_subscriptions(database());
  }
  static void drop_subscriptions(const test::TestDatabase& of) {
    pg::Connection connection = of.connect();
    const pg::Result names = connection.query(
        "select format('%I', subname) from pg_subscription s join pg_database d on d.oid = "
        "s.subdbid and datname = current_database()");
    for (int row = 0; row < names.row_count(); ++row)
      connection.execute(cat("drop subscription ", names.str(row, 0)));
  }
  // Definitions after a restore by pg_restore of a backup whose schema was read so.
  std::string definitions_by(const std::string& reader) {
    back_up({"--proof", "read-back", "--formats", "dump", "--schema-from", reader});
    const test::TestDatabase copy = empty(reader);
    // One after the other: pg_dump does not say that a partition's trigger can be disabled only
    // when the parent's is there, so that pg_restore -j fails now and then.
    test::stock(folder(), "pg_restore", {"-e", "-d", copy.url(), dump()});
    std::string text = test::definitions(folder(), copy);
    drop_subscriptions(copy);
    return text;
  }
};

TEST_P(SchemaCorpus, HasTheDefinitionsOfAStockRestoreWhoeverReadTheSchema) {
  const test::TestDatabase reference = stock_copy();
  const std::string expected = test::definitions(folder(), reference);
  EXPECT_EQ(test::difference(expected, definitions_by("pg_dump")), "");
  EXPECT_EQ(test::difference(expected, definitions_by("catalog")), "");
  drop_subscriptions(reference);
}

// All of them take minutes: PGBELAY_CORPUS=all (make test-corpus). These hold what most databases
// do.
std::vector<std::filesystem::path> scripts() {
  constexpr std::array<std::string_view, 9> kSample{"constraints", "erp",          "forum",
                                                    "functions",   "no_public",    "partitions",
                                                    "privileges",  "publications", "views"};
  std::vector<std::filesystem::path> all = test::schema_corpus();
  const char* const asked = std::getenv("PGBELAY_CORPUS");  // NOLINT: before any thread
  if (asked != nullptr && std::string_view(asked) == "all") return all;
  std::erase_if(all, [&](const std::filesystem::path& script) {
    return std::ranges::find(kSample, script.stem().string()) == kSample.end();
  });
  return all;
}
INSTANTIATE_TEST_SUITE_P(Of, SchemaCorpus, testing::ValuesIn(scripts()), name_of);

}  // namespace
