// The roles of a database as a script: replayed where they are missing, they are the same again.
#include "backup/globals.h"

#include <gmock/gmock.h>

#include "pg/rows.h"
#include "support/server.h"

namespace backup {
namespace {

class Globals : public test::ServerTest {
 protected:
  // Role, member, options and grantor of all memberships of the test's roles.
  static std::vector<std::string> memberships(pg::Connection& connection) {
    const bool of_grantors = connection.server_major() >= kManyGrantors;
    return pg::first_column(connection.query(
        std::string("select concat_ws(' ', roleid::regrole, member::regrole, admin_option") +
        (of_grantors ? ", inherit_option, set_option, grantor::regrole" : "") +
        ") from pg_auth_members where member::regrole::text like '%globals_%' order by 1"));
  }
  static constexpr int kManyGrantors = 16;
};

TEST_F(Globals, MakeMembershipsAgainWithTheirOptionsAndGrantors) {
  const test::TestDatabase database = test::make_database("globals");
  pg::Connection connection = database.connect();
  connection.execute(R"sql(
      create role globals_team; create role globals_lead; create role globals_owner noinherit; create role "globals_ödd $$";
      grant globals_team to globals_lead with admin option; grant pg_monitor to globals_owner;
      create table owned (a int); alter table owned owner to globals_owner)sql");
  connection.execute(connection.server_major() >= kManyGrantors ? R"sql(
      grant globals_lead to globals_owner with inherit true, set false;
      grant globals_team to "globals_ödd $$" with inherit false, set true granted by globals_lead;
      grant globals_team to globals_owner with admin true, inherit false, set false;
      grant globals_team to globals_owner with inherit true granted by globals_lead;
      grant "globals_ödd $$" to globals_owner)sql"
                                                                : R"sql(
      grant globals_lead to globals_owner;
      grant globals_team to "globals_ödd $$" with admin option; grant "globals_ödd $$" to globals_owner)sql");
  const std::vector<std::string> before = memberships(connection);
  const std::string script = globals_script(connection);
  connection.execute(
      "drop table owned; drop role globals_owner, \"globals_ödd $$\"; drop role globals_lead; drop "
      "role globals_team");
  EXPECT_THAT(memberships(connection), testing::IsEmpty());
  connection.execute(script);
  EXPECT_EQ(memberships(connection), before) << script;
  if (connection.server_major() >= kManyGrantors) {
    connection.execute("grant globals_lead to globals_owner with set true");
    const std::vector<std::string> changed = memberships(connection);
    connection.execute(script);
    EXPECT_EQ(memberships(connection), changed) << "what exists is not changed";
  }
  connection.execute(
      "drop role globals_owner, \"globals_ödd $$\"; drop role globals_lead; drop role "
      "globals_team");
}

}  // namespace
}  // namespace backup
