// Commands are cut between each other only.
#include "load/insert_commands.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace load {
namespace {

// `text` in two parts, wherever it is cut.
std::vector<std::string> cut(const std::string& text, std::size_t at, Backslash backslash) {
  std::vector<std::string> out;
  InsertCutter cutter(backslash, [&](std::string commands) { out.push_back(std::move(commands)); });
  const auto bytes = std::as_bytes(std::span(text));
  cutter.add(bytes.first(at));
  cutter.add(bytes.subspan(at));
  cutter.finish();
  return out;
}

const std::string kLong(256U << 10U, 'x');

TEST(InsertCommands, AreCutBehindSemicolonsOutsideQuotes) {
  const std::string first =
      "INSERT INTO s.\"odd;\"\"';table\" VALUES (1, '" + kLong + "; '';', '\\');";
  const std::string second = "\nINSERT INTO s.t VALUES (2, 'a''b;');\n\n\n";
  for (const std::size_t at : {std::size_t{0}, std::size_t{16}, first.size() - 4, first.size()}) {
    const std::vector<std::string> found = cut(first + second, at, Backslash::Plain);
    ASSERT_EQ(found.size(), 2U) << at;
    EXPECT_TRUE(found[0] == first);
    EXPECT_EQ(found[1], second);
  }
}

TEST(InsertCommands, ABackslashMayEscape) {
  const std::string first = "INSERT INTO t VALUES ('" + kLong + "\\';', '\\\\');";
  const std::string second = "INSERT INTO t VALUES ('');";
  const std::vector<std::string> found = cut(first + second, 30, Backslash::Escapes);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_TRUE(found[0] == first);
  EXPECT_EQ(found[1], second);
}

TEST(InsertCommands, OfAnEmptyTableAreNone) {
  EXPECT_TRUE(cut("\n\n", 1, Backslash::Plain).empty());
}

}  // namespace
}  // namespace load
