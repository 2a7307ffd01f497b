// A database of each class of objects, and whole applications: the backup is proven, model against
// model, and the definitions that a restored one has are those of a stock dump and restore, whoever
// read the schema.
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
  // Before 15 pg_dump writes neither the owner of `public` nor its comment, so that its archives
  // cannot be proven where somebody altered them; --schema-from auto reads the catalogues.
  bool public_is_lost() {
    constexpr int kWritesPublic = 15;
    return test::client_version(folder()).major < kWritesPublic &&
           database()
               .connect()
               .query(
                   "select exists (select from pg_namespace n where nspname = 'public' and "
                   "(nspowner <> 10 or obj_description(n.oid, 'pg_namespace') is distinct from "
                   "'standard public schema'))")
               .boolean(0, 0);
  }
  // Definitions after a restore by pg_restore of a backup whose schema was read so.
  std::string definitions_by(const std::string& reader) {
    const bool provable = reader != "pg_dump" || !public_is_lost();
    back_up({"--proof", provable ? "proven" : "read-back", "--formats", "dump", "--schema-from",
             reader});
    const test::TestDatabase copy = empty(reader);
    // One after the other: pg_dump does not say that a partition's trigger can be disabled only
    // when the parent's is there, so that pg_restore -j fails now and then.
    test::stock(folder(), "pg_restore", {"-e", "-d", copy.url(), dump()});
    std::string text = test::definitions(folder(), copy);
    drop_subscriptions(copy);
    return text;
  }
};

// Before 15 pg_dump says nothing of who owns `public`, so that a stock restore loses him.
void give_public_its_owner(const test::TestDatabase& copy, const test::TestDatabase& source) {
  const pg::Result owner = source.connect().query(
      "select nspowner::regrole::text from pg_namespace where nspname = 'public'");
  if (owner.row_count() > 0)
    copy.connect().execute(cat("alter schema public owner to ", owner.str(0, 0)));
}

// Until the minor releases of August 2025 pg_dump writes operators of one name, and publications of
// one table, in the order of their OIDs.
bool orders_by_oid(test::ClientVersion client) {
  constexpr std::array<test::ClientVersion, 5> kFirst{
      {{13, 22}, {14, 19}, {15, 14}, {16, 10}, {17, 6}}};
  const auto* const first = std::ranges::find(kFirst, client.major, &test::ClientVersion::major);
  return first != kFirst.end() && client < *first;
}

// The same for every order of OIDs: neighbours of these two kinds are sorted by their text.
std::string sorted_neighbours(const std::string& text) {
  constexpr std::string_view kBegin = "\n--\n-- Name: ";
  std::vector<std::string> entries;
  for (std::size_t begin = 0, end = 0; end != std::string::npos; begin = end) {
    end = text.find(kBegin, begin + 1);
    entries.push_back(text.substr(begin, end - begin));
  }
  for (const std::string_view kind : {"; Type: OPERATOR; ", "; Type: PUBLICATION TABLE; "}) {
    const auto other = [&](const std::string& entry) {
      return entry.find(kind) == std::string::npos;
    };
    for (auto from = entries.begin(); from != entries.end();) {
      const auto to = std::find_if(from, entries.end(), other);
      std::sort(from, to);
      from = to == entries.end() ? to : to + 1;
    }
  }
  return util::join(entries, "");
}

TEST_P(SchemaCorpus, HasTheDefinitionsOfAStockRestoreWhoeverReadTheSchema) {
  const test::TestDatabase reference = stock_copy();
  const test::ClientVersion client = test::client_version(folder());
  const auto expect_those_of_the_reference = [&](const std::string& reader) {
    std::string expected = test::definitions(folder(), reference);
    std::string text = definitions_by(reader);
    if (orders_by_oid(client)) {
      expected = sorted_neighbours(expected);
      text = sorted_neighbours(text);
    }
    EXPECT_EQ(test::difference(expected, text), "") << "read by " << reader;
  };
  expect_those_of_the_reference("pg_dump");
  if (client.major < 15) give_public_its_owner(reference, database());
  if (stock_loses_public()) close_public(reference);
  expect_those_of_the_reference("catalog");
  drop_subscriptions(reference);
}

// All of them take minutes: PGBELAY_CORPUS=all (make test-corpus, make test-matrix). These hold
// what most databases do.
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
