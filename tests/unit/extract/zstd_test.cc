// Rows out of pieces that are frames of zstd.
#include <gmock/gmock.h>

#include "unit/extract/small_archive.h"

namespace extract {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Out {
  std::string text;
  Report report;
};

Out rows_of(const test::SmallArchive& archive, const std::string& table) {
  Out out;
  Query query;
  query.table = table;
  out.report = run(archive.options(query), [&](std::string_view text) { out.text += text; }, {});
  return out;
}

TEST(ExtractZstd, GivesWhatItGivesOfDeflate) {
  const test::SmallArchive deflate, zstd(codec::Method::Zstd);
  for (const char* const table : {"app.\"Odd table\"", "plain"}) {
    const Out out = rows_of(zstd, table);
    EXPECT_EQ(out.text, rows_of(deflate, table).text);
    EXPECT_GT(out.report.rows, 0U);
    EXPECT_THAT(out.report.lost, IsEmpty());
  }
}

TEST(ExtractZstd, ReadsADamagedPieceFromTheOtherFile) {
  const test::SmallArchive zstd(codec::Method::Zstd);
  const std::string whole = rows_of(zstd, "app.\"Odd table\"").text;
  const archive::PieceRecord& piece = zstd.manifest.tables[0].pieces[2];
  zstd.flip(zstd.archive_path(), piece.dump_offset + piece.deflated_bytes / 2);
  const Out out = rows_of(zstd, "app.\"Odd table\"");
  EXPECT_EQ(out.text, whole);
  EXPECT_THAT(out.report.notes, ElementsAre(HasSubstr("piece 2")));
  zstd.flip(zstd.sql_path(), piece.sql_offset + piece.deflated_bytes / 2);
  EXPECT_EQ(rows_of(zstd, "app.\"Odd table\"").report.lost.size(), 1U);
}

}  // namespace
}  // namespace extract
