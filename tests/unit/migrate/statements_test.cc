#include "migrate/statements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "util/error.h"

namespace migrate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(std::string_view sql) {
  std::vector<std::string> out;
  for (const Statement& statement : split_statements(sql)) out.push_back(statement.text);
  return out;
}

std::string refusal(std::string_view sql) {
  try {
    split_statements(sql);
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Usage);
    return error.message();
  }
  return "accepted";
}

TEST(Statements, EndAtSemicolonsOutsideLiteralsAndComments) {
  EXPECT_THAT(texts("select 1; select ';' ; -- ;\nselect \";\" /* ; /* ; */ ; */ ;;"),
              ElementsAre("select 1", "select ';'", "select \";\""));
  EXPECT_THAT(texts("select 'it''s;'; select \"a\"\";\""),
              ElementsAre("select 'it''s;'", "select \"a\"\";\""));
  EXPECT_THAT(texts(" ; ;-- nothing\n"), ElementsAre());
}

TEST(Statements, TheLastNeedsNoSemicolon) {
  EXPECT_THAT(texts("a;b -- end"), ElementsAre("a", "b"));
}

TEST(Statements, EscapeStringsKnowBackslashesOthersDoNot) {
  EXPECT_THAT(texts(R"(select E'\';'; select 1)"), ElementsAre(R"(select E'\';')", "select 1"));
  EXPECT_THAT(texts(R"(select '\'; select 1)"), ElementsAre(R"(select '\')", "select 1"));
  // An escape string goes on behind a newline, and its backslashes keep their meaning.
  EXPECT_THAT(texts("select E'a'\n'\\';'; select 1"),
              ElementsAre("select E'a'\n'\\';'", "select 1"));
  EXPECT_THAT(texts("select e from a where name'x;'"),
              ElementsAre("select e from a where name'x;'"));
}

TEST(Statements, DollarQuotesWithAndWithoutTag) {
  EXPECT_THAT(texts("do $$ begin; end; $$; select $1; select $a$ $$;$b$; $a$, a$b$;"),
              ElementsAre("do $$ begin; end; $$", "select $1", "select $a$ $$;$b$; $a$, a$b$"));
  EXPECT_THAT(texts("select $é$;$é$; x"), ElementsAre("select $é$;$é$", "x"));
}

TEST(Statements, ParenthesesHoldSemicolonsOfRules) {
  EXPECT_THAT(
      texts("create rule r as on insert to t do also (delete from a; delete from b); x"),
      ElementsAre("create rule r as on insert to t do also (delete from a; delete from b)", "x"));
}

TEST(Statements, BodiesInBeginAtomic) {
  const std::string body =
      "create or replace function f(a int) returns int language sql begin atomic\n"
      "  insert into t values (case when a > 1 then 1 else 2 end);\n"
      "  select 1 as end; select x.case from x;\nend";
  EXPECT_THAT(texts(body + "; select 2"), ElementsAre(body, "select 2"));
  // BEGIN alone begins a transaction; a name "atomic" elsewhere is a name.
  EXPECT_THAT(texts("begin; create table atomic (a int); end;"),
              ElementsAre("begin", "create table atomic (a int)", "end"));
}

TEST(Statements, LineIsThatOfTheFirstWord) {
  const std::vector<Statement> all =
      split_statements("-- head\n\nselect 1;\r\n/* a\nb */ select\n2;");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].line, 3U);
  EXPECT_EQ(all[1].line, 5U);
}

TEST(Statements, WhatIsNotClosedIsRefusedWithItsLine) {
  EXPECT_THAT(refusal("select 1;\nselect 'a"), HasSubstr("line 2: the string is not closed"));
  EXPECT_THAT(refusal("\n/* /* */"), HasSubstr("line 2: the comment is not closed"));
  EXPECT_THAT(refusal("select \"a"), HasSubstr("the quoted name is not closed"));
  EXPECT_THAT(refusal("do $x$ select $$"), HasSubstr("the dollar quote $x$ is not closed"));
}

TEST(Statements, PsqlCommandsAndCopyDataAreRefused) {
  EXPECT_THAT(refusal("select 1;\n\\i other.sql"),
              HasSubstr("line 2: a backslash command of psql"));
  EXPECT_THAT(refusal("\n copy t (a, b) from stdin;\n1\tit's\n\\.\n"),
              HasSubstr("line 2: COPY … FROM STDIN"));
  EXPECT_EQ(refusal("copy t from '/a/stdin'; copy t to stdout"), "accepted");
}

TEST(Tokens, FoldWordsAndUnquoteNames) {
  const std::vector<Token> all = tokens("Drop TABLE \"A\"\"b\".Ä$1 -- c");
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].text, "drop");
  EXPECT_EQ(all[2].kind, TokenKind::QuotedName);
  EXPECT_EQ(all[2].text, "A\"b");
  EXPECT_EQ(all[4].text, "Ä$1");
}

TEST(Statements, WhatWorksConcurrentlyIsKnown) {
  for (const std::string_view sql :
       {"create unique index concurrently i on t (a)", "/* rails */ REINDEX TABLE CONCURRENTLY t;",
        "reindex (verbose, concurrently true) table t", "drop index Concurrently if exists i",
        "alter table t detach partition p concurrently"})
    EXPECT_TRUE(works_concurrently(sql)) << sql;
  for (const std::string_view sql :
       {"", "concurrently", "create index i on t (a) -- not concurrently",
        "comment on index i is 'made concurrently'", "select concurrently from t",
        "create table \"concurrently\" (i int)", "refresh materialized view concurrently m",
        "create index concurrently i on t ('"})
    EXPECT_FALSE(works_concurrently(sql)) << sql;
}

}  // namespace
}  // namespace migrate
