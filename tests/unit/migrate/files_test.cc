#include "migrate/files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "migrate/announce.h"
#include "util/error.h"
#include "util/files.h"

namespace migrate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string refusal(std::string text, const std::string& name = "1_a.sql") {
  try {
    parse_file(name, std::move(text));
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Usage);
    EXPECT_THAT(error.message(), HasSubstr(name));
    return error.message();
  }
  return "accepted";
}

class Folder : public testing::Test {
 protected:
  void write(const std::string& name, std::string_view text = "select 1") {
    util::publish_text(folder_.path() / name, text);
  }
  std::vector<std::string> names() {
    std::vector<std::string> out;
    for (const File& file : read_directory(folder_.path())) out.push_back(file.name);
    return out;
  }
  std::string refusal_of_folder() {
    try {
      read_directory(folder_.path());
    } catch (const util::Error& error) {
      EXPECT_EQ(error.kind(), util::Kind::Usage);
      return error.message();
    }
    return "accepted";
  }
  util::TempDir folder_{"pgbelay-test"};
};

TEST_F(Folder, FilesComeInTheByteOrderOfTheirNames) {
  for (const char* const name : {"b.sql", "B.sql", "a.sql", "é.sql", "notes.txt", ".hidden.sql"})
    write(name);
  std::filesystem::create_directory(folder_.path() / "c.sql");
  EXPECT_THAT(names(), ElementsAre("B.sql", "a.sql", "b.sql", "é.sql"));
}

TEST_F(Folder, NoFileIsNoError) { EXPECT_THAT(names(), IsEmpty()); }

TEST_F(Folder, NumbersThatBytesOrderOtherwiseAreRefused) {
  write("2_a.sql");
  write("10_b.sql");
  EXPECT_THAT(refusal_of_folder(), HasSubstr("2_a.sql: comes behind 10_b.sql"));
  std::filesystem::rename(folder_.path() / "2_a.sql", folder_.path() / "02_a.sql");
  EXPECT_THAT(names(), ElementsAre("02_a.sql", "10_b.sql"));
}

TEST_F(Folder, FilesThatGoBackAreRefused) {
  write("001_a.up.sql");
  write("001_a.down.sql");
  EXPECT_THAT(refusal_of_folder(), HasSubstr("001_a.down.sql: is a way back"));
}

TEST_F(Folder, AFolderThatIsMissingIsNamed) {
  try {
    read_directory(folder_.path() / "nowhere");
    FAIL();
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Usage);
    EXPECT_THAT(error.message(), HasSubstr("nowhere"));
  }
}

TEST(Files, MustBeTextWithAStatement) {
  EXPECT_THAT(refusal("select 1;\nselect '\xE9'"), HasSubstr("line 2 is not UTF-8"));
  EXPECT_THAT(refusal(std::string("select 1\0", 9)), HasSubstr("zero byte"));
  EXPECT_THAT(refusal(" \n"), HasSubstr("is empty"));
  EXPECT_THAT(refusal("-- later\n"), HasSubstr("holds no statement"));
  EXPECT_EQ(parse_file("a.sql", "\xEF\xBB\xBFselect 1").statements.at(0).text, "select 1");
}

TEST(Files, DirectiveStandsBeforeTheFirstStatement) {
  EXPECT_FALSE(parse_file("a", "-- about\n\n-- pgbelay: No-Transaction\nselect 1").in_transaction);
  EXPECT_TRUE(parse_file("a", "select 1;\n-- pgbelay: no-transaction").in_transaction);
  EXPECT_THAT(refusal("-- pgbelay: notransaction\nselect 1"), HasSubstr("unknown directive"));
}

TEST(Files, TransactionControlNeedsTheDirective) {
  for (const char* const control : {"BEGIN", "start transaction", "Commit", "end", "rollback",
                                    "ABORT", "prepare transaction 'a'", "commit prepared 'a'"}) {
    EXPECT_THAT(refusal(std::string("select 1;\n") + control), HasSubstr("line 2")) << control;
    EXPECT_EQ(refusal(std::string("-- pgbelay: no-transaction\n") + control), "accepted")
        << control;
  }
  EXPECT_EQ(
      refusal("savepoint a; rollback to a; rollback work to savepoint a; prepare p as select 1"),
      "accepted");
  EXPECT_EQ(refusal("do $$ begin null; end $$"), "accepted");
}

TEST(Files, FilesOfOtherToolsAreLeftToThem) {
  EXPECT_THAT(refusal("-- migrate:up\nselect 1;\n-- migrate:down\nselect 2"), HasSubstr("dbmate"));
  EXPECT_THAT(refusal("-- +goose Up\nselect 1;\n-- +goose Down\nselect 2"), HasSubstr("goose"));
  EXPECT_THAT(refusal("select 1;\n-- Down Migration\nselect 2"), HasSubstr("node-pg-migrate"));
}

std::vector<std::string> announced_tables(std::string sql) {
  std::vector<std::string> out;
  const Announced all = announced({parse_file("a.sql", std::move(sql))});
  for (const pg::QualifiedName& table : all.tables) out.push_back(table.schema + "." + table.name);
  for (const std::string& schema : all.schemas) out.push_back(schema + ".*");
  if (all.everything) out.push_back("everything");
  return out;
}

TEST(Announce, FindsWhatStatementsRemove) {
  EXPECT_THAT(announced_tables("drop table if exists a, S.\"B c\" cascade"),
              ElementsAre(".a", "s.B c"));
  EXPECT_THAT(announced_tables("truncate only a, b*; truncate table c restart identity"),
              ElementsAre(".a", ".b", ".c"));
  EXPECT_THAT(announced_tables("with gone as (delete from only a.b returning *) select 1"),
              ElementsAre("a.b"));
  EXPECT_THAT(announced_tables("merge into a using b on true when matched then delete"),
              ElementsAre(".a"));
  EXPECT_THAT(announced_tables("merge into a using b on true when matched then do nothing"),
              IsEmpty());
  EXPECT_THAT(announced_tables("drop schema if exists x, y"), ElementsAre("x.*", "y.*"));
  EXPECT_THAT(announced_tables("drop owned by somebody"), ElementsAre("everything"));
}

TEST(Announce, LooksIntoDoBlocksButNotIntoFunctions) {
  EXPECT_THAT(announced_tables("do $$ begin execute 'drop table a'; delete from b; end $$"),
              ElementsAre(".a", ".b"));
  EXPECT_THAT(
      announced_tables("create function f() returns void language sql as $$ delete from b $$"),
      IsEmpty());
}

TEST(Announce, IsNotMisledByOtherUsesOfTheWords) {
  EXPECT_THAT(
      announced_tables(
          "grant truncate on a to b; create trigger t before truncate on a execute function f();"
          "alter table a add foreign key (b) references c on delete cascade; select 'drop table "
          "x'"),
      IsEmpty());
}

}  // namespace
}  // namespace migrate
