#include "compare/foreign_keys.h"

#include <gtest/gtest.h>

namespace {

using compare::ForeignKeys;
using Names = std::vector<pg::QualifiedName>;

pg::QualifiedName table(const std::string& name) { return {"public", name}; }

TEST(ForeignKeys, PutReferringTablesFirst) {
  const ForeignKeys keys{{table("a_orders"), table("z_customers")},
                         {table("b_lines"), table("a_orders")},
                         {table("z_customers"), table("regions")}};
  const Names all{table("a_orders"), table("b_lines"), table("regions"), table("z_customers")};
  const Names expected{table("b_lines"), table("a_orders"), table("z_customers"), table("regions")};
  EXPECT_EQ(compare::referring_first(all, keys), expected);
}

TEST(ForeignKeys, ThatGoThroughATableWithoutRowsStillCount) {
  const ForeignKeys keys{{table("between"), table("last")}, {table("z_first"), table("between")}};
  const Names expected{table("z_first"), table("last")};
  EXPECT_EQ(compare::referring_first({table("last"), table("z_first")}, keys), expected);
}

TEST(ForeignKeys, InACircleLeaveNoTableOut) {
  const ForeignKeys keys{
      {table("a"), table("b")}, {table("b"), table("a")}, {table("c"), table("c")}};
  EXPECT_EQ(compare::referring_first({table("a"), table("b"), table("c")}, keys).size(), 3U);
}

TEST(ForeignKeys, AreReadFromTheContentsOfAnArchive) {
  archive::Toc toc;
  archive::TocEntry entry;
  entry.desc = "FK CONSTRAINT";
  entry.definition =
      "ALTER TABLE ONLY public.\"Odd, name\"\n    ADD CONSTRAINT \"k (1)\" FOREIGN KEY (a, \"b "
      "c\") "
      "REFERENCES other.target(x, y) ON DELETE CASCADE;\n";
  toc.entries = {entry};
  const ForeignKeys expected{{table("Odd, name"), {"other", "target"}}};
  EXPECT_EQ(compare::foreign_keys_of(toc), expected);
}

}  // namespace
