#include "archive/attachments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace archive {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TocEntry table(int id, std::string name, std::string definition, std::vector<int> needs = {}) {
  TocEntry entry;
  entry.dump_id = id;
  entry.desc = "TABLE";
  entry.section = Section::PreData;
  entry.schema = "Odd \"s";
  entry.tag = std::move(name);
  entry.owner = "somebody";
  entry.definition = std::move(definition);
  entry.dependencies = std::move(needs);
  return entry;
}

// As pg_dump 13 writes it: in the definition, with statements of the partition behind it.
TEST(Attachments, OfOldArchivesBecomeEntriesOfTheirOwn) {
  const std::string create = "CREATE TABLE \"Odd \"\"s\".one (\n    a text\n);\n";
  const std::string attach =
      "ALTER TABLE ONLY \"Odd \"\"s\".\"All\" ATTACH PARTITION \"Odd \"\"s\".one FOR VALUES IN "
      "('a;''b', ';\n');";
  const std::string behind =
      "\nALTER TABLE ONLY \"Odd \"\"s\".one ALTER COLUMN a SET STATISTICS 7;\n";
  Toc toc;
  toc.entries = {table(4, "All", "CREATE TABLE …"),
                 table(7, "one", create + "\n" + attach + "\n" + behind, {4, 9})};
  EXPECT_TRUE(attaches_to(toc.entries[1], toc.entries[0]));
  EXPECT_FALSE(attaches_to(toc.entries[0], toc.entries[1]));

  const Toc split = with_attachments(toc);
  ASSERT_THAT(split.entries, SizeIs(3));
  EXPECT_EQ(split.entries[1].definition, create + "\n" + behind);
  EXPECT_THAT(split.entries[1].dependencies, ElementsAre(9));
  const TocEntry& added = split.entries[2];
  EXPECT_EQ(added.desc, "TABLE ATTACH");
  EXPECT_EQ(added.definition, attach + "\n");
  EXPECT_EQ(added.dump_id, 8);
  EXPECT_EQ(added.schema, "Odd \"s");
  EXPECT_EQ(added.tag, "one");
  EXPECT_EQ(added.owner, "somebody");
  EXPECT_THAT(added.dependencies, ElementsAre(7, 4));
  EXPECT_THAT(with_attachments(split).entries, SizeIs(3)) << "nothing is left to split";
}

// An inheritance child depends on its parent, too.
TEST(Attachments, AreNotMadeOfOtherTables) {
  Toc toc;
  toc.entries = {
      table(1, "parent", "CREATE TABLE …"),
      table(2, "child",
            "CREATE TABLE \"Odd \"\"s\".child (\n    a text DEFAULT '\nALTER TABLE ONLY parent "
            "ATTACH PARTITION child'\n)\nINHERITS (\"Odd \"\"s\".parent);\n",
            {1})};
  const Toc same = with_attachments(toc);
  EXPECT_THAT(same.entries, SizeIs(2));
  EXPECT_EQ(same.entries[1].definition, toc.entries[1].definition);
}

}  // namespace
}  // namespace archive
