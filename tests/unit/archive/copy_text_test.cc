#include "archive/copy_text.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <random>
#include <set>

namespace archive {
namespace {

using Fields = std::vector<std::optional<std::string>>;

// The same in both ways.
std::string csv_of(std::string_view copy_row, std::size_t columns) {
  std::string out, parts;
  append_csv_row(out, copy_row, columns);
  write_csv_row([&parts](std::string_view part) { parts += part; }, copy_row, columns);
  EXPECT_EQ(out, parts);
  return out;
}

std::string copy_row(const Fields& fields) {
  std::string out;
  for (std::size_t n = 0; n < fields.size(); ++n) {
    if (n > 0) out += '\t';
    append_field(out, fields[n]);
  }
  return out;
}

// The rules of the server, written down a second time and as plainly as can be.
std::string plain_csv(const Fields& fields) {
  std::string out;
  for (std::size_t n = 0; n < fields.size(); ++n) {
    if (n > 0) out += ',';
    if (!fields[n]) continue;
    const std::string& value = *fields[n];
    const bool quotes = value.empty() || value.find_first_of(",\"\r\n") != std::string::npos ||
                        (fields.size() == 1 && value == "\\.");
    if (quotes) out += '"';
    for (const char c : value) {
      if (c == '"') out += '"';
      out += c;
    }
    if (quotes) out += '"';
  }
  return out + "\n";
}

TEST(CopyText, ReadsWhatTheServerWrites) {
  EXPECT_EQ(parse_row("a\t\\N\t\tx\\ty"), (Fields{"a", std::nullopt, "", "x\ty"}));
  EXPECT_EQ(parse_row("\\\\N\t\\\\."), (Fields{"\\N", "\\."}));
  EXPECT_EQ(parse_row("\\b\\f\\n\\r\\t\\v"), (Fields{"\b\f\n\r\t\v"}));
  EXPECT_EQ(parse_row(""), (Fields{""}));
  EXPECT_EQ(parse_row("\t"), (Fields{"", ""}));
}

TEST(CopyText, ReadsWhatOthersMayWrite) {
  EXPECT_EQ(parse_row("\\101\\x41\\x4\\xg\\q"), (Fields{"AA\x04xgq"}));
  EXPECT_EQ(parse_row("a\\Nb"), (Fields{"aNb"}));
  EXPECT_EQ(parse_row("a\\\tb\tc"), (Fields{"a\tb", "c"}));  // a backslash protects the tab
  EXPECT_EQ(parse_row("a\\"), (Fields{"a"}));
  EXPECT_EQ(parse_row("\\777"), (Fields{"\xFF"}));
}

TEST(CopyText, FieldsSurviveARoundTrip) {
  const Fields fields{"",         std::nullopt, "\\N", "\\.", "tab\there", "line\nend\r",
                      "\b\f\v\\", "\x01\x7F\"", "é",   "\xFF"};
  EXPECT_EQ(parse_row(copy_row(fields)), fields);
}

TEST(Csv, KeepsNullAndTheEmptyStringApart) {
  EXPECT_EQ(csv_of("\\N\t\tx", 3), ",\"\",x\n");
  EXPECT_EQ(csv_of("x\t\t", 3), "x,\"\",\"\"\n");
  EXPECT_EQ(csv_of("", 1), "\"\"\n");
  EXPECT_EQ(csv_of("\\N", 1), "\n");
  EXPECT_EQ(csv_of("\\\\N", 1), "\\N\n");
}

TEST(Csv, QuotesWhatTheServerQuotes) {
  EXPECT_EQ(csv_of("a,b\tsay \"hi\"\tl\\n\tr\\r\tt\\tb\\\\", 5),
            "\"a,b\",\"say \"\"hi\"\"\",\"l\n\",\"r\r\",t\tb\\\n");
  EXPECT_EQ(csv_of("\\\\x00ff", 1), "\\x00ff\n");
}

TEST(Csv, QuotesTheEndMarkerOnlyWhereItStandsAlone) {
  EXPECT_EQ(csv_of("\\\\.", 1), "\"\\.\"\n");
  EXPECT_EQ(csv_of("\\\\.\t1", 2), "\\.,1\n");
}

TEST(Csv, ARowOfATableWithoutColumnsIsAnEmptyLine) { EXPECT_EQ(csv_of("", 0), "\n"); }

TEST(Csv, AppendsBehindWhatIsThere) {
  std::string out = "before\n";
  append_csv_row(out, "a\tb", 2);
  append_csv_row(out, "\t", 2);
  EXPECT_EQ(out, "before\na,b\n\"\",\"\"\n");
}

TEST(Csv, EqualsThePlainRulesOnRandomRows) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto pick = [&](std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random);
  };
  constexpr std::string_view kNasty = "\\\t\n\r\",.N\b\v\f";
  for (int round = 0; round < 4000; ++round) {
    Fields fields(1 + pick(6));
    const std::size_t longest = 1 + pick(40);
    const std::size_t nastiness = 1 + pick(60);
    for (auto& field : fields) {
      if (pick(5) == 0) continue;
      field.emplace();
      for (std::size_t n = pick(longest); n > 0; --n) {
        *field +=
            pick(nastiness) == 0 ? kNasty[pick(kNasty.size())] : static_cast<char>('a' + pick(26));
      }
    }
    ASSERT_EQ(csv_of(copy_row(fields), fields.size()), plain_csv(fields)) << copy_row(fields);
  }
}

TEST(Csv, GrowsWithRowsOfNothingButQuotes) {
  const Fields fields{std::string(100'000, '"'), std::string(3, '"')};
  EXPECT_EQ(csv_of(copy_row(fields), 2), plain_csv(fields));
  const Fields empty(5000, "");
  EXPECT_EQ(csv_of(copy_row(empty), 5000), plain_csv(empty));
}

TEST(Csv, InPartsTakesLittleMemory) {
  const Fields fields{std::string(300'000, 'a') + "\"" + std::string(300'000, '\n'), std::nullopt,
                      ""};
  const std::string row = copy_row(fields);
  std::size_t longest = 0;
  write_csv_row([&](std::string_view part) { longest = std::max(longest, part.size()); }, row, 3);
  EXPECT_LE(longest, 64U << 10U);
  EXPECT_EQ(csv_of(row, 3), plain_csv(fields));
}

TEST(Csv, HeaderQuotesLikeAValue) {
  EXPECT_EQ(csv_header({"name", "other \"name\"", "a,b"}), "name,\"other \"\"name\"\"\",\"a,b\"\n");
  EXPECT_EQ(csv_header({}), "\n");
  EXPECT_EQ(csv_header({"\\."}), "\"\\.\"\n");
}

TEST(CsvFileNames, AreReadableWhereTheyCanBe) {  // K12
  EXPECT_THAT(csv_file_names({{"public", "members"}, {"app", "Ordérs of 2020"}}),
              testing::ElementsAre("public.members.csv.gz", "app.Ordérs of 2020.csv.gz"));
}

TEST(CsvFileNames, EscapeWhatAPathOrALineWouldTakeForItself) {  // K12
  EXPECT_THAT(csv_file_names({{"..", "/etc/passwd"}, {"a%b", "x\\y\nz\x7F"}}),
              testing::ElementsAre("%2E..%2Fetc%2Fpasswd.csv.gz", "a%25b.x%5Cy%0Az%7F.csv.gz"));
}

TEST(CsvFileNames, AreUniqueAlsoWhereCaseIsIgnored) {  // K12
  const std::vector<std::string> names = csv_file_names(
      {{"a.b", "c"}, {"a", "b.c"}, {"s", "T"}, {"s", "t"}, {"s", "É"}, {"s", "é"}, {"s", "u"}});
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()).size(), names.size());
  for (std::size_t n = 0; n < 6; ++n)
    EXPECT_THAT(names[n], testing::ContainsRegex("~[0-9a-f]{8}[.]csv[.]gz$"));
  EXPECT_EQ(names[6], "s.u.csv.gz");
}

TEST(CsvFileNames, AreCutWithoutBreakingACharacterOrAnEscape) {  // K12
  std::string accents;
  for (int n = 0; n < 150; ++n) accents += "é";
  for (const std::string& table : {std::string(300, 'x'), accents, std::string(100, '/')}) {
    for (const std::string& schema : {std::string("s"), std::string("ss"), std::string("sss")}) {
      const std::string name = csv_file_names({{schema, table}}).front();
      EXPECT_LE(name.size(), 200U);
      EXPECT_THAT(name, testing::ContainsRegex("(x|é|%2F)~[0-9a-f]{8}[.]csv[.]gz$"));
    }
  }
}

TEST(CsvFileNames, DoNotDependOnTheOtherTablesOfTheSameName) {
  EXPECT_EQ(csv_file_names({{"s", "T"}, {"s", "t"}})[1],
            csv_file_names({{"s", "t"}, {"s", "T"}})[0]);
}

}  // namespace
}  // namespace archive
