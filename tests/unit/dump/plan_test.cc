// What is added to the contents that pg_dump --schema-only wrote (M3, contracts.md K17).
#include "dump/plan.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "util/error.h"

namespace dump {
namespace {

using archive::Section;
using archive::TocEntry;
using testing::ElementsAre;
using testing::HasSubstr;

TocEntry entry_of(int id, std::string desc, std::string oid, std::string tag, Section section) {
  TocEntry entry;
  entry.dump_id = id;
  entry.desc = std::move(desc);
  entry.object_oid = std::move(oid);
  entry.tag = std::move(tag);
  entry.schema = "app";
  entry.section = section;
  return entry;
}

archive::Toc small_schema() {
  archive::Toc toc;
  toc.entries = {entry_of(1, "TABLE", "100", "t", Section::PreData),
                 entry_of(2, "SEQUENCE", "101", "s", Section::PreData),
                 entry_of(3, "EXTENSION", "102", "ext", Section::PreData),
                 entry_of(4, "MATERIALIZED VIEW", "103", "a", Section::PreData),
                 entry_of(5, "MATERIALIZED VIEW", "104", "b", Section::PreData),
                 entry_of(9, "INDEX", "105", "i", Section::PostData)};
  return toc;
}

Content small_content() {
  Content content;
  content.tables.push_back({.oid = 100, .name = {"app", "t"}, .columns = {"id", "select"}});
  content.sequences.push_back(
      {.oid = 101, .name = {"app", "s"}, .last_value = -3, .is_called = true});
  for (const std::uint32_t oid : {100U, 101U, 103U, 104U, 110U})
    content.texts[oid] = {"owner", "app.x", ""};
  content.texts[100] = {"owner", "app.t", "id, \"select\""};
  content.texts[101] = {"owner", "app.s", ""};
  return content;
}

const TocEntry& find(const Plan& plan, std::string_view desc) {
  const auto found = std::find_if(plan.toc.entries.begin(), plan.toc.entries.end(),
                                  [desc](const TocEntry& entry) { return entry.desc == desc; });
  if (found == plan.toc.entries.end()) throw std::runtime_error("no such entry");
  return *found;
}

std::vector<std::string> descriptions(const Plan& plan) {
  std::vector<std::string> out;
  for (const TocEntry& entry : plan.toc.entries) out.push_back(entry.desc);
  return out;
}

TEST(Plan, PutsDataBetweenPreDataAndPostData) {
  const Plan plan = extend(small_schema(), small_content(), {{.oid = 100, .name = {"app", "t"}}});
  EXPECT_THAT(descriptions(plan),
              ElementsAre("TABLE", "SEQUENCE", "EXTENSION", "MATERIALIZED VIEW",
                          "MATERIALIZED VIEW", "TABLE DATA", "SEQUENCE SET", "INDEX"));
}

TEST(Plan, WritesTableDataAsPgDumpDoes) {
  const Plan plan = extend(small_schema(), small_content(), {{.oid = 100, .name = {"app", "t"}}});
  const TocEntry& data = find(plan, "TABLE DATA");
  EXPECT_EQ(data.dump_id, 10);  // behind the largest of the schema
  EXPECT_EQ(data.catalog_oid, "0");
  EXPECT_EQ(data.object_oid, "100");
  EXPECT_EQ(data.tag, "t");
  EXPECT_EQ(data.schema, "app");
  EXPECT_EQ(data.owner, "owner");
  EXPECT_EQ(data.section, Section::Data);
  EXPECT_TRUE(data.has_data);
  EXPECT_FALSE(data.definition.has_value());
  EXPECT_EQ(data.copy, "COPY app.t (id, \"select\") FROM stdin;\n");
  EXPECT_THAT(data.dependencies, ElementsAre(1));
}

TEST(Plan, SetsSequencesWhereTheyAre) {
  const Plan plan = extend(small_schema(), small_content(), {{.oid = 100, .name = {"app", "t"}}});
  const TocEntry& set = find(plan, "SEQUENCE SET");
  EXPECT_EQ(set.definition, "SELECT pg_catalog.setval('app.s', -3, true);\n");
  EXPECT_THAT(set.dependencies, ElementsAre(2));
  EXPECT_FALSE(set.has_data);
}

// M3: a configuration table has no entry of its own; its rows belong to the extension.
TEST(Plan, HangsConfigurationTablesOnTheirExtension) {
  Content content = small_content();
  content.tables.push_back(
      {.oid = 110, .name = {"app", "config"}, .extension_config = true, .extension = "ext"});
  content.texts[110] = {"owner", "app.config", "k"};
  const Plan plan = extend(small_schema(), content, {{.oid = 100}, {.oid = 110}});
  ASSERT_EQ(plan.table_ids.size(), 2U);
  EXPECT_THAT(plan.toc.find(plan.table_ids[1])->dependencies, ElementsAre(3));
}

TEST(Plan, WritesATableWithoutColumnsWithTwoBlanks) {
  Content content = small_content();
  content.tables[0].columns.clear();
  content.texts[100].columns.clear();
  const Plan plan = extend(small_schema(), content, {{.oid = 100}});
  EXPECT_EQ(find(plan, "TABLE DATA").copy, "COPY app.t  FROM stdin;\n");
}

// M3: the order among materialised views, which pg_dump's contents alone do not give.
TEST(Plan, RefreshesWhatOthersReadFirst) {
  Content content = small_content();
  content.views = {{.oid = 103, .name = {"app", "a"}, .populated = true},
                   {.oid = 104, .name = {"app", "b"}, .populated = true}};
  content.refresh_dependencies = {{103, 104}};  // a reads b
  const Plan plan = extend(small_schema(), content, {{.oid = 100}});
  const std::vector<TocEntry>& entries = plan.toc.entries;
  ASSERT_GE(entries.size(), 2U);
  const TocEntry& first = entries[entries.size() - 2];
  const TocEntry& second = entries.back();
  EXPECT_EQ(first.tag, "b");
  EXPECT_THAT(first.dependencies, ElementsAre(5));
  EXPECT_EQ(second.tag, "a");
  EXPECT_THAT(second.dependencies, ElementsAre(4, first.dump_id));
}

TEST(Plan, DoesNotRefreshWhatReadsAnUnpopulatedView) {
  Content content = small_content();
  content.views = {{.oid = 103, .name = {"app", "a"}, .populated = true},
                   {.oid = 104, .name = {"app", "b"}, .populated = false}};
  content.refresh_dependencies = {{103, 104}};
  const Plan plan = extend(small_schema(), content, {{.oid = 100}});
  EXPECT_THAT(plan.refreshed, ElementsAre(false, false));
  EXPECT_THAT(descriptions(plan), testing::Not(testing::Contains("MATERIALIZED VIEW DATA")));
}

// Silent loss: a table that pg_dump knows and the lists do not.
TEST(Plan, RefusesASchemaWithATableThatIsNotRead) {
  try {
    extend(small_schema(), small_content(), {});
    FAIL() << "accepted";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Backup);
    EXPECT_THAT(failure.message(), HasSubstr("app.t"));
  }
}

TEST(Plan, RefusesATableThatTheSchemaDoesNotHave) {
  Content content = small_content();
  content.tables.push_back({.oid = 111, .name = {"app", "lost"}});
  content.texts[111] = {"owner", "app.lost", ""};
  try {
    extend(small_schema(), content, {{.oid = 100}, {.oid = 111}});
    FAIL() << "accepted";
  } catch (const util::Error& failure) {
    EXPECT_THAT(failure.message(), HasSubstr("app.lost"));
  }
}

// Archives from 1.16 on group large objects by owner and ACL, and make them among the data, before
// what they hold.
TEST(Plan, GroupsLargeObjectsInNewerArchives) {
  archive::Toc schema = small_schema();
  schema.version = {1, 16};
  Content content = small_content();
  content.large_objects = {{.oid = 7, .owner = "owner", .acl = "{r=r/owner}"},
                           {.oid = 8, .owner = "other"},
                           {.oid = 9, .owner = "owner", .acl = "{r=r/owner}", .comment = "c"}};
  content.large_object_grants = {{7, "owner", "r", "SELECT", false},
                                 {9, "owner", "r", "SELECT", false}};
  const Plan plan = extend(schema, content, {{.oid = 100}});
  ASSERT_EQ(plan.group_ids.size(), 2U);
  const TocEntry& single = *plan.toc.find(plan.group_ids[0]);
  EXPECT_EQ(single.tag, "8");
  const TocEntry& pair = *plan.toc.find(plan.group_ids[1]);
  EXPECT_EQ(pair.desc, "BLOB METADATA");
  EXPECT_EQ(pair.tag, "7..9");
  EXPECT_EQ(pair.definition, "7\n9\n");
  EXPECT_EQ(pair.drop, "-- dummy");
  EXPECT_EQ(pair.owner, "owner");
  EXPECT_EQ(pair.section, Section::Data);
  const TocEntry& comment = *plan.toc.find(plan.group_ids[1] + 1);
  EXPECT_EQ(comment.tag, "LARGE OBJECT 9");
  const TocEntry& acl = *plan.toc.find(plan.group_ids[1] + 2);
  EXPECT_EQ(acl.tag, "LARGE OBJECTS 7..9");
  EXPECT_THAT(acl.definition.value_or(""), HasSubstr("ON LARGE OBJECT 7 TO"));
  EXPECT_THAT(acl.dependencies, ElementsAre(plan.group_ids[1]));
  EXPECT_EQ(plan.toc.find(plan.large_objects_id)->dependencies, plan.group_ids);
}

// A newer pg_dump is needed where there is none of the server's own version; the server's own
// pg_restore must read the archive all the same.
TEST(VersionFor, IsTheServersOwn) {
  const archive::ArchiveVersion newest{1, 16};
  EXPECT_EQ(version_for(13, newest), (archive::ArchiveVersion{1, 14}));
  EXPECT_EQ(version_for(16, newest), (archive::ArchiveVersion{1, 15}));
  EXPECT_EQ(version_for(17, newest), newest);
  EXPECT_EQ(version_for(18, newest), newest);
  EXPECT_EQ(version_for(13, {1, 12}), (archive::ArchiveVersion{1, 12}));
}

TEST(LargeObjectGroups, HoldAtMostAThousand) {
  std::vector<scan::LargeObject> objects;
  for (std::uint32_t oid = 1; oid <= 1001; ++oid) objects.push_back({.oid = oid, .owner = "o"});
  const std::vector<LargeObjectGroup> groups = large_object_groups(objects);
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].size(), 1000U);
  EXPECT_EQ(groups[1].front()->oid, 1001U);
}

TEST(LargeObjectEntries, HoldOwnerCommentLabelAndAcl) {
  const scan::LargeObject object{.oid = 3000000001,
                                 .owner = "o",
                                 .acl = "{o=rw/o,\"a b=r*/o\",=r/o}",
                                 .comment = "it's",
                                 .labels = {{"p", "l"}}};
  const std::vector<sql::LargeObjectGrant> grants{{3000000001, "o", "o", "SELECT", false},
                                                  {3000000001, "o", "o", "UPDATE", false},
                                                  {3000000001, "o", "a b", "SELECT", true},
                                                  {3000000001, "o", "", "SELECT", false}};
  const std::vector<TocEntry> entries = large_object_entries(object, grants, 20);
  ASSERT_EQ(entries.size(), 4U);
  EXPECT_EQ(entries[0].desc, "BLOB");
  EXPECT_EQ(entries[0].object_oid, "3000000001");
  EXPECT_EQ(entries[0].definition, "SELECT pg_catalog.lo_create('3000000001');\n");
  EXPECT_EQ(entries[0].drop, "SELECT pg_catalog.lo_unlink('3000000001');\n");
  EXPECT_EQ(entries[1].definition, "COMMENT ON LARGE OBJECT 3000000001 IS 'it''s';\n");
  EXPECT_EQ(entries[2].definition, "SECURITY LABEL FOR \"p\" ON LARGE OBJECT 3000000001 IS 'l';\n");
  EXPECT_EQ(entries[3].definition,
            "GRANT SELECT ON LARGE OBJECT 3000000001 TO \"a b\" WITH GRANT OPTION;\n"
            "GRANT SELECT ON LARGE OBJECT 3000000001 TO PUBLIC;\n");
  for (std::size_t n = 1; n < entries.size(); ++n) {
    EXPECT_EQ(entries[n].tag, "LARGE OBJECT 3000000001");
    EXPECT_EQ(entries[n].section, Section::None);
    EXPECT_THAT(entries[n].dependencies, ElementsAre(20));
    EXPECT_EQ(entries[n].dump_id, 20 + static_cast<int>(n));
  }
}

TEST(LargeObjectEntries, TakeFromTheOwnerWhatHeHasNot) {
  const scan::LargeObject object{.oid = 5, .owner = "o", .acl = "{o=r/o}"};
  const std::vector<TocEntry> entries =
      large_object_entries(object, {{5, "o", "o", "SELECT", false}}, 1);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].definition,
            "REVOKE ALL ON LARGE OBJECT 5 FROM \"o\";\nGRANT SELECT ON LARGE OBJECT 5 TO \"o\";\n");
}

TEST(LargeObjectEntries, GrantInTheNameOfTheGrantor) {
  const scan::LargeObject object{.oid = 5, .owner = "o", .acl = "…"};
  const std::vector<TocEntry> entries = large_object_entries(object,
                                                             {{5, "o", "o", "SELECT", false},
                                                              {5, "o", "o", "UPDATE", false},
                                                              {5, "other", "c", "SELECT", false}},
                                                             1);
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[1].definition,
            "SET SESSION AUTHORIZATION \"other\";\nGRANT SELECT ON LARGE OBJECT 5 TO \"c\";\n"
            "RESET SESSION AUTHORIZATION;\n");
}

}  // namespace
}  // namespace dump
