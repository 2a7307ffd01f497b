// CSV against the server's own.
#include <gtest/gtest.h>

#include "archive/copy_text.h"
#include "support/server.h"

namespace archive {
namespace {

using CsvOnServer = test::ServerTest;

std::string copied(pg::Connection& connection, const std::string& sql) {
  std::string all;
  connection.copy_out(sql, [&](std::span<const std::byte> row) {
    all.append(reinterpret_cast<const char*>(row.data()), row.size());
  });
  return all;
}

std::string converted(pg::Connection& connection, const std::string& query, std::size_t columns) {
  std::string csv;
  connection.copy_out("copy (" + query + ") to stdout", [&](std::span<const std::byte> row) {
    append_csv_row(csv, {reinterpret_cast<const char*>(row.data()), row.size() - 1}, columns);
  });
  return csv;
}

TEST_F(CsvOnServer, EqualsTheServersByteForByte) {
  const test::TestDatabase database = test::make_database("csv");
  pg::Connection connection = database.connect();
  // Every byte of ASCII in every neighbourhood, alone and in rows of three.
  const std::string values =
      "select chr(c) || suffix as v from generate_series(1, 127) c, "
      "unnest(array['', 'x', '.', ',', E'\\\\', 'long enough to fill more than one block', '\"']) "
      "suffix "
      "union all select v from unnest(array[null, '', '\\.', '\\N', 'é€𝄞', '\"\"\"', E'a\\nb', "
      "E'\\t', ' ']) v";
  const std::string odd =
      "select '\\xdeadbeef'::bytea as b, array['a,b', null, '\"']::text[] as a, '{\"k\": "
      "\"v\\n\"}'::json as j, "
      "row(1, 'x y', null) as r, null::int as i";
  struct Case {
    std::string query;
    std::size_t columns;
  };
  for (const Case& each : std::vector<Case>{{values, 1},
                                            {"select v, 1 as n, v as w from (" + values + ") s", 3},
                                            {odd, 5},
                                            {"select from generate_series(1, 3)", 0}}) {
    EXPECT_EQ(converted(connection, each.query, each.columns),
              copied(connection, "copy (" + each.query + ") to stdout (format csv)"))
        << each.query;
  }
}

TEST_F(CsvOnServer, TheHeaderIsTheServers) {
  const test::TestDatabase database = test::make_database("csv");
  pg::Connection connection = database.connect();
  EXPECT_EQ(csv_header({"a,b", "c\"d", "plain", "E f"}),
            copied(connection,
                   "copy (select 1 as \"a,b\", 2 as \"c\"\"d\", 3 as plain, 4 as \"E f\" limit 0) "
                   "to stdout (format csv, header)"));
}

}  // namespace
}  // namespace archive
