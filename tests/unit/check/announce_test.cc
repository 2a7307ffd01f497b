#include <gtest/gtest.h>

#include "check/check.h"
#include "util/error.h"

namespace check {
namespace {

TEST(Announce, ReadsNamesAsSqlDoes) {
  Announced said;
  for (const char* const text : {"Orders", "shop.\"Old Orders\"", "\"a.b\".c", "\"q\"\"q\""})
    announce(said, text);
  const std::vector<pg::QualifiedName> wanted{
      {"", "orders"}, {"shop", "Old Orders"}, {"a.b", "c"}, {"", "q\"q"}};
  EXPECT_EQ(said.tables, wanted);
  EXPECT_FALSE(said.everything);
  announce(said, " ALL ");
  EXPECT_TRUE(said.everything);
}

TEST(Announce, RefusesWhatIsNoName) {
  for (const char* const text : {"", "a.", ".a", "a.b.c", "\"a", "a b", "\"a\"b"}) {
    Announced said;
    EXPECT_THROW(announce(said, text), util::Error) << text;
  }
}

}  // namespace
}  // namespace check
