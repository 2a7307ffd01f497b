// Which statement an error belongs to, in every order in which clients send.
#include "tap/statement_log.h"

#include <gtest/gtest.h>

#include "tap/frames.h"
#include "tap/wire.h"

namespace tap {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kError = "SERROR\0VERROR\0C23505\0Mduplicate\0\0"sv;

class Statements : public testing::Test {
 protected:
  void query(std::string_view sql) { log_.client_sent('Q', std::string(sql) + '\0'); }
  void parse(std::string_view name, std::string_view sql) {
    log_.client_sent('P', std::string(name) + '\0' + std::string(sql) + std::string("\0\0\0", 3));
  }
  void bind(std::string_view portal, std::string_view name) {
    log_.client_sent('B',
                     std::string(portal) + '\0' + std::string(name) + std::string("\0\0\0", 3));
  }
  void execute(std::string_view portal) {
    log_.client_sent('E', std::string(portal) + std::string("\0\0\0\0\0", 5));
  }
  void describe(char kind, std::string_view name) {
    log_.client_sent('D', std::string(1, kind) + std::string(name) + '\0');
  }
  void sync() { log_.client_sent('S', {}); }
  void run(std::string_view sql) {  // unnamed, as drivers do
    parse("", sql);
    bind("", "");
    describe('P', "");
    execute("");
  }
  void answers(std::string_view types) {
    for (const char type : types) EXPECT_FALSE(log_.server_sent(type, {}));
  }
  std::string failing() {
    const auto failure =
        log_.server_sent('E', std::string_view("VERROR\0C23505\0Mduplicate\0\0", 26));
    return failure ? failure->statement : "no failure";
  }

  StatementLog log_;
};

TEST_F(Statements, NamesASimpleQuery) {
  query("select 1");
  answers("TCZ");
  query("insert 2; insert 3");
  answers("C");
  const auto failure = log_.server_sent('E', "SFEHLER\0VERROR\0C23505\0Mduplicate\0\0"sv);
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->statement, "insert 2; insert 3");
  EXPECT_EQ(failure->sqlstate, "23505");
  EXPECT_EQ(failure->severity, "ERROR");
  EXPECT_EQ(failure->message, "duplicate");
  EXPECT_TRUE(log_.running());
  answers("Z");
  EXPECT_FALSE(log_.running());
  EXPECT_EQ(log_.statements(), 2U);
}

TEST_F(Statements, KnowsTheTransactionThatIsOpen) {
  EXPECT_FALSE(log_.left_open());
  query("begin");
  EXPECT_TRUE(log_.left_open()->running);
  log_.server_sent('C', "BEGIN\0"sv);
  log_.server_sent('Z', "T");
  EXPECT_FALSE(log_.left_open()->running);
  EXPECT_TRUE(log_.left_open()->changes.empty());
  run("select 1");
  sync();
  answers("12T");
  log_.server_sent('C', "SELECT 1\0"sv);
  log_.server_sent('Z', "T");
  query("update t set i = 1");
  log_.server_sent('C', "UPDATE 3\0"sv);
  log_.server_sent('Z', "T");
  const LeftOpen open = log_.left_open().value();
  EXPECT_EQ(open.statements, 3U);
  EXPECT_EQ(open.changes, std::vector<std::string>{"UPDATE 3"});
  EXPECT_EQ(open.last, "update t set i = 1");
  EXPECT_FALSE(open.failed);
  query("select 1 / 0");
  failing();
  log_.server_sent('Z', "E");
  EXPECT_TRUE(log_.left_open()->failed);
  query("rollback");
  log_.server_sent('C', "ROLLBACK\0"sv);
  log_.server_sent('Z', "I");
  EXPECT_FALSE(log_.left_open());
}

TEST_F(Statements, CountsACopyIntoATableAsAChangeAndNothingThatMovedNoRow) {
  query("begin; copy t from stdin");
  log_.server_sent('C', "BEGIN\0"sv);
  answers("G");
  log_.client_sent('c', {});
  log_.server_sent('C', "COPY 7\0"sv);
  log_.server_sent('Z', "T");
  query("copy t to stdout; delete from t where false; set x = 1");
  for (const std::string_view tag : {"COPY 7\0"sv, "DELETE 0\0"sv, "SET\0"sv})
    log_.server_sent('C', tag);
  log_.server_sent('Z', "T");
  EXPECT_EQ(log_.left_open()->changes, std::vector<std::string>{"COPY 7"});
}

TEST_F(Statements, NamesAPreparedStatementThatWasParsedLongAgo) {
  parse("s1", "insert into a");
  parse("s2", "insert into b");
  sync();
  answers("11Z");
  bind("", "s1");
  execute("");
  sync();
  answers("2");
  EXPECT_EQ(failing(), "insert into a");
  answers("Z");
  EXPECT_FALSE(log_.running());
}

TEST_F(Statements, NamesTheRightOneOfAPipeline) {
  run("first");
  run("second");
  run("third");
  sync();
  run("fourth");
  sync();
  answers("12TC12n");
  EXPECT_EQ(failing(), "second");
  answers("Z12n");  // the third was skipped by the server
  EXPECT_EQ(failing(), "fourth");
  answers("Z");
  EXPECT_FALSE(log_.running());
}

TEST_F(Statements, NamesAStatementThatDoesNotParse) {
  run("selec");
  sync();
  EXPECT_EQ(failing(), "selec");
  answers("Z");
  EXPECT_FALSE(log_.running());
}

TEST_F(Statements, GivesADeferredConstraintToWhatRanLast) {
  run("insert into child");
  sync();
  answers("12nC");
  EXPECT_EQ(failing(), "insert into child");
}

TEST_F(Statements, FollowsACopyByTheExtendedProtocol) {
  run("copy t from stdin");
  sync();  // sent ahead: the server steps over it
  answers("12nG");
  sync();  // and over this one
  log_.client_sent('c', {});
  sync();
  answers("CZ");
  EXPECT_FALSE(log_.running());
  query("select 1/0");
  EXPECT_EQ(failing(), "select 1/0");
}

TEST_F(Statements, NamesNothingForASessionThatIsEndedIdle) {
  query("select 1");
  answers("TCZ");
  EXPECT_EQ(failing(), "");
}

TEST_F(Statements, CutsALongStatementButNotInACharacter) {
  query(std::string(65'535, 'x') + "€");
  EXPECT_EQ(failing(), std::string(65'535, 'x'));
}

TEST_F(Statements, KeepsLittleOfAnEndlessPipeline) {
  for (int n = 0; n < 17'000; ++n) run("insert");
  EXPECT_TRUE(log_.running());
  EXPECT_EQ(failing(), "insert");
  for (int n = 0; n < 1'500; ++n) parse(std::to_string(n), std::string(10'000, 'x'));
}

TEST_F(Statements, StandsForeignBytes) {
  for (int type = 0; type < 256; ++type) {
    for (const std::string_view payload : {""sv, "\0"sv, "abc"sv, kError}) {
      log_.client_sent(static_cast<char>(type), payload);
      log_.server_sent(static_cast<char>(type), payload);
    }
  }
}

TEST(StatementLog, WantsNothingOfRowsAndCopyData) {
  EXPECT_EQ(StatementLog::wanted_from_server('D'), kSkip);
  EXPECT_EQ(StatementLog::wanted_from_server('d'), kSkip);
  EXPECT_EQ(StatementLog::wanted_from_client('d'), kSkip);
}

std::vector<std::string> summary(StatementLog& log) {
  std::vector<std::string> out;
  for (const FinishedStatement& one : log.take_finished()) {
    EXPECT_LE(one.begin, one.end);
    out.push_back(one.statement + "|" + one.tag + "|" + one.sqlstate);
  }
  return out;
}

TEST_F(Statements, AreFinishedOnceEachWithTagOrSqlstate) {
  query("update t set a = 1");
  EXPECT_FALSE(log_.server_sent('C', "UPDATE 500\0"sv));
  EXPECT_TRUE(log_.take_finished().empty()) << "over only with ReadyForQuery";
  answers("Z");
  EXPECT_EQ(summary(log_), std::vector<std::string>{"update t set a = 1|UPDATE 500|"});
  query("broken");
  EXPECT_EQ(failing(), "broken");
  answers("Z");
  EXPECT_EQ(summary(log_), std::vector<std::string>{"broken||23505"});
}

TEST_F(Statements, SentAheadBeginWhenTheOneBeforeIsOver) {
  run("insert 1");
  run("insert 2");
  run("insert 3");
  sync();
  answers("12nC12n");
  EXPECT_EQ(failing(), "insert 2");
  answers("Z");
  std::vector<FinishedStatement> finished = log_.take_finished();
  ASSERT_EQ(finished.size(), 2U) << "the third was skipped by the server";
  EXPECT_EQ(finished[0].statement, "insert 1");
  EXPECT_EQ(finished[1].statement, "insert 2");
  EXPECT_EQ(finished[1].sqlstate, "23505");
  EXPECT_GE(finished[1].begin, finished[0].end);
}

}  // namespace
}  // namespace tap
