#include "guard/shared_catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "guard/take_back.h"
#include "util/error.h"

namespace guard {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SharedObject role(std::string name, std::string definition) {
  return {.kind = "role",
          .identity = name,
          .definition = definition,
          .restore = "ALTER ROLE " + name + " " + definition + ";",
          .recreate = "CREATE ROLE " + name + ";",
          .remove = "DROP ROLE " + name + ";"};
}

TEST(SharedCatalog, S2_NamesWhatWasAddedChangedAndRemovedWithItsReversal) {
  const auto changes = compare_shared({role("a", "LOGIN"), role("gone", "LOGIN")},
                                      {role("a", "NOLOGIN"), role("new", "")});
  ASSERT_EQ(changes.size(), 3U);
  EXPECT_EQ(changes[0].text, "role a was changed");
  EXPECT_EQ(changes[0].statement, "ALTER ROLE a LOGIN;");
  EXPECT_EQ(changes[1].statement, "DROP ROLE new;");
  EXPECT_EQ(changes[2].statement, "CREATE ROLE gone;");
  EXPECT_THAT(cluster_lines(changes),
              ElementsAre(HasSubstr("cluster-wide changes that remain (3)"), HasSubstr("role a"),
                          HasSubstr("role new"), HasSubstr("role gone")));
}

TEST(SharedCatalog, SaysNothingWithoutChanges) {
  EXPECT_THAT(compare_shared({role("a", "LOGIN")}, {role("a", "LOGIN")}), IsEmpty());
  EXPECT_THAT(cluster_lines({}), IsEmpty());
}

TEST(SharedCatalog, ItsRecordKeepsTabsNewlinesAndBackslashes) {
  const std::vector<SharedObject> objects{role("odd\tname\nwith \\n", "LOGIN"), role("", "")};
  const std::vector<SharedObject> again = shared_from_text(to_text(objects));
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].identity, objects[0].identity);
  EXPECT_EQ(again[0].restore, objects[0].restore);
  EXPECT_THROW(shared_from_text("role\tx\n"), util::Error);
}

}  // namespace
}  // namespace guard
