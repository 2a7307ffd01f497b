#include "extract/extract.h"

#include <gmock/gmock.h>

#include "archive/copy_text.h"
#include "unit/extract/small_archive.h"
#include "util/error.h"

namespace extract {
namespace {

using test::SmallArchive;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;
using testing::UnorderedElementsAre;

class Extract : public ::testing::Test {
 protected:
  std::string run(Query query) { return run(small_.options(std::move(query))); }
  std::string run(const Options& options) {
    std::string out;
    report_ = extract::run(options, [&](std::string_view text) { out += text; }, {});
    return out;
  }
  static Query odd() { return {.table = "\"Odd table\""}; }
  static std::string csv(int from, int to) {
    std::string out;
    for (int n = from; n < to; ++n) archive::append_csv_row(out, SmallArchive::line(n), 3);
    return out;
  }
  std::string failure(Query query) {
    try {
      run(std::move(query));
    } catch (const util::Error& error) {
      EXPECT_EQ(error.kind(), util::Kind::Usage);
      return error.text();
    }
    return "no failure";
  }

  SmallArchive small_;
  Report report_;
};

TEST_F(Extract, AllRowsInTheirOrderForAnyNumberOfThreads) {
  const std::string expected = "id,\"Name, full\",note\n" + csv(0, 500);
  for (const std::size_t jobs : {1U, 2U, 8U}) {
    Options options = small_.options(odd());
    options.jobs = jobs;
    EXPECT_EQ(run(options), expected) << jobs;
  }
  EXPECT_EQ(report_.rows, 500U);
}

TEST_F(Extract, WithoutManifestTheSame) {
  Options options = small_.options(odd());
  options.source.manifest = nullptr;
  EXPECT_EQ(run(options), "id,\"Name, full\",note\n" + csv(0, 500));
}

TEST_F(Extract, LimitIsExactAndEndsAnywhere) {
  for (const int limit : {0, 1, 99, 100, 101, 499, 500, 501}) {
    Query query = odd();
    query.limit = static_cast<std::uint64_t>(limit);
    EXPECT_EQ(run(query), "id,\"Name, full\",note\n" + csv(0, std::min(limit, 500))) << limit;
  }
}

TEST_F(Extract, ChosenColumnsOfChosenRows) {
  Query query = odd();
  query.where = {"id=49"};
  query.columns = {"note, \"Name, full\"", "ID"};
  EXPECT_EQ(run(query), "note,\"Name, full\",id\n\"it's \\a \t \"\"note\"\"\",,49\n");
  query.columns = {"\"Name, full\""};
  EXPECT_EQ(run(query), "\"Name, full\"\n\n");
}

TEST_F(Extract, NothingFoundIsNoFailure) {
  Query query = odd();
  query.where = {"id=nobody"};
  EXPECT_EQ(run(query), "id,\"Name, full\",note\n");
  EXPECT_EQ(report_.rows, 0U);
  EXPECT_THAT(report_.lost, IsEmpty());
}

TEST_F(Extract, JsonIsOneObjectALine) {
  Query query = odd();
  query.where = {"id=49"};
  query.format = Format::Json;
  EXPECT_EQ(run(query),
            "{\"id\":\"49\",\"Name, full\":null,\"note\":\"it's \\\\a \\t \\\"note\\\"\"}\n");
}

TEST_F(Extract, SqlNamesColumnsAndOverridesIdentity) {
  Query query = odd();
  query.where = {"id=49"};
  query.format = Format::Sql;
  EXPECT_THAT(run(query),
              HasSubstr("\nINSERT INTO \"app\".\"Odd table\" (\"id\", \"Name, full\", \"note\") "
                        "OVERRIDING SYSTEM VALUE VALUES ('49', NULL, 'it''s \\a \t \"note\"');\n"));
  query.upsert = Upsert::Yes;
  const std::string script = run(query);
  EXPECT_THAT(script, StartsWith("BEGIN;\nSET LOCAL client_encoding = 'UTF8';\n"));
  EXPECT_THAT(script, HasSubstr(") ON CONFLICT (\"id\") DO UPDATE SET \"Name, full\" = "
                                "excluded.\"Name, full\", \"note\" = excluded.\"note\";\n"));
  EXPECT_THAT(script, EndsWith("COMMIT;\n"));
  query.columns = {"id"};
  EXPECT_THAT(run(query), HasSubstr("VALUES ('49') ON CONFLICT (\"id\") DO NOTHING;\n"));
}

TEST_F(Extract, UpsertNeedsAKeyThatDecides) {
  Query query = odd();
  query.upsert = Upsert::Yes;
  EXPECT_THAT(failure(query), HasSubstr("--format sql"));
  query.format = Format::Sql;
  query.columns = {"note"};
  EXPECT_THAT(failure(query), HasSubstr("has id in its primary key"));
  query = {.table = "plain", .format = Format::Sql, .upsert = Upsert::Yes};
  EXPECT_THAT(failure(query), HasSubstr("cannot decide"));
}

TEST_F(Extract, WrongNamesAreToldBeforeAnythingIsGiven) {
  EXPECT_THAT(failure({.table = "plian"}), HasSubstr("Did you mean plain?"));
  EXPECT_THAT(failure({.table = "root"}), HasSubstr("partitioned, into app.plain"));
  EXPECT_THAT(failure({.table = "app.*"}), HasSubstr("fits 2 tables: app.Odd table, app.plain"));
}

TEST_F(Extract, SeveralTablesIntoAFolder) {
  Options options = small_.options({.table = "app.*"});
  options.folder = small_.folder() / "out";
  EXPECT_EQ(run(options), "");
  EXPECT_EQ(util::read_text(options.folder / "app.plain.csv"), "a,b\n1,one\n");
  EXPECT_EQ(util::read_text(options.folder / "app.Odd table.csv"),
            "id,\"Name, full\",note\n" + csv(0, 500));
  EXPECT_THROW(run(options), util::Error) << "nobody's files are written over";
}

TEST_F(Extract, DamagedPieceIsReadFromTheSqlFile) {
  small_.flip(small_.archive_path(), small_.manifest.tables[0].pieces[2].dump_offset + 20);
  EXPECT_EQ(run(odd()), "id,\"Name, full\",note\n" + csv(0, 500));
  EXPECT_THAT(report_.notes, ElementsAre(HasSubstr("piece 2 of app.Odd table is damaged")));
  EXPECT_THAT(report_.lost, IsEmpty());
}

TEST_F(Extract, WhatIsDamagedEverywhereIsLostAndListed) {
  const archive::PieceRecord& piece = small_.manifest.tables[0].pieces[2];
  small_.flip(small_.archive_path(), piece.dump_offset + 20);
  small_.flip(small_.sql_path(), piece.sql_offset + 21);
  EXPECT_EQ(run(odd()), "id,\"Name, full\",note\n" + csv(0, 200) + csv(300, 500));
  ASSERT_THAT(report_.lost, SizeIs(1));
  EXPECT_EQ(report_.lost[0].piece, 2U);
  EXPECT_EQ(report_.lost[0].rows, 100U);
  EXPECT_THAT(report_.lost[0].text, HasSubstr("app.Odd table"));
  EXPECT_EQ(report_.rows, 400U);

  Query query = odd();
  query.limit = 200;
  run(query);
  EXPECT_THAT(report_.lost, IsEmpty()) << "nothing that was asked for is missing";
}

TEST_F(Extract, WhatIsDamagedInBothIsReadFromTheCsv) {
  for (const std::size_t damaged : {1U, 2U, 4U}) {
    const archive::PieceRecord& piece = small_.manifest.tables[0].pieces[damaged];
    small_.flip(small_.archive_path(), piece.dump_offset + 20);
    small_.flip(small_.sql_path(), piece.sql_offset + 21);
  }
  Options options = small_.options(odd());
  options.source.folder = small_.folder();
  const std::string head = "id,\"Name, full\",note\n";
  EXPECT_EQ(run(options), head + csv(0, 500));
  EXPECT_THAT(report_.notes, UnorderedElementsAre(HasSubstr("piece 1 of"), HasSubstr("piece 2 of"),
                                                  HasSubstr("read from app.Odd table.csv.gz")));
  EXPECT_THAT(report_.lost, IsEmpty());

  // Other rows than were dumped, by their CRC-32; and a file that ends before the last piece.
  std::string changed = head + csv(0, 500);
  changed.replace(changed.find("\n202,") + 1, 3, "203");
  small_.write_csv(changed);
  EXPECT_EQ(run(options), head + csv(0, 200) + csv(300, 500));
  EXPECT_THAT(report_.lost, SizeIs(1));
  small_.write_csv(head + csv(0, 450));
  EXPECT_EQ(run(options), head + csv(0, 400));
  EXPECT_THAT(report_.lost, SizeIs(1));
}

TEST_F(Extract, WithoutContentsTheManifestSaysWhereTheRowsAre) {
  small_.flip(small_.archive_path(), 0);
  Query query = odd();
  query.where = {"id=49"};
  query.format = Format::Sql;
  EXPECT_THAT(run(query), HasSubstr("\nINSERT INTO \"app\".\"Odd table\" (\"id\", \"Name, full\", "
                                    "\"note\") OVERRIDING SYSTEM VALUE VALUES ('49', NULL, "));
  EXPECT_THAT(report_.notes, ElementsAre(HasSubstr("contents that cannot be read")));
  query.upsert = Upsert::Yes;
  EXPECT_THROW(run(query), util::Error) << "nobody knows the key";
  EXPECT_EQ(run(odd()), "id,\"Name, full\",note\n" + csv(0, 500));

  std::filesystem::remove(small_.archive_path());
  EXPECT_EQ(run(odd()), "id,\"Name, full\",note\n" + csv(0, 500));
  EXPECT_THAT(report_.notes, ElementsAre(HasSubstr("full_backup.dump is missing")));
  EXPECT_THAT(report_.lost, IsEmpty());
  small_.flip(small_.sql_path(), small_.manifest.tables[0].pieces[2].sql_offset + 21);
  EXPECT_EQ(run(odd()), "id,\"Name, full\",note\n" + csv(0, 200) + csv(300, 500));
  EXPECT_THAT(report_.lost, SizeIs(1));
}

TEST_F(Extract, DamagedStreamGivesWholeRowsBeforeTheDamage) {
  small_.flip(small_.archive_path(), small_.manifest.tables[0].pieces[3].dump_offset + 1);
  Options options = small_.options(odd());
  options.source.manifest = nullptr;
  const std::string out = run(options);
  EXPECT_THAT(out, StartsWith("id,\"Name, full\",note\n" + csv(0, 300)));
  EXPECT_THAT(out, EndsWith("\n"));
  ASSERT_THAT(report_.lost, SizeIs(1));
  EXPECT_THAT(report_.lost[0].text, HasSubstr("rows of app.Odd table"));
}

}  // namespace
}  // namespace extract
