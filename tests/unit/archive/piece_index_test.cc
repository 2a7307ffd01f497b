#include "archive/piece_index.h"

#include <gtest/gtest.h>

#include "archive/custom_file.h"
#include "archive/primitives.h"
#include "codec/deflate.h"
#include "unit/archive/archives.h"
#include "util/text.h"

namespace archive {
namespace {

using namespace testing;

class Index : public ::testing::Test {
 protected:
  // Tables `a` with `pieces` pieces and `b` with none, large objects, and the index.
  void write(std::size_t pieces) {
    CustomFileWriter writer(path_, small_toc());
    TableRecord a{.schema = "public", .table = "a", .dump_id = 20, .columns = {"id", "N, \"q\""}};
    writer.begin_table(20);
    std::vector<codec::Piece> made;  // a few, since each costs more than its place in the index
    for (std::size_t n = 0; n < 10; ++n) made.push_back(codec::deflate_piece(util::cat(n, "\n")));
    for (std::size_t n = 0; n < pieces; ++n) {
      const codec::Piece& piece = made[n % made.size()];
      a.pieces.push_back({.rows = 1,
                          .raw_bytes = piece.raw_bytes,
                          .deflated_bytes = piece.deflated.size(),
                          .dump_offset = writer.write_piece(piece),
                          .sql_offset = 1'000'000'000'000U + n,
                          .crc32 = piece.crc32});
    }
    writer.end_table();
    writer.begin_table(21);
    writer.end_table();
    writer.begin_large_objects(30);
    writer.end_large_objects();
    end_ = writer.position();
    tables_ = {a, TableRecord{.schema = "public", .table = "b", .dump_id = 21}};
    writer.write_index(tables_);
    writer.finish();
    file_ = util::read_text(path_);
  }
  std::optional<PieceIndex> index_of(const std::string& file) {
    write_file(path_, file);
    return read_piece_index(path_);
  }
  void expect_written(const PieceIndex& index) {
    EXPECT_EQ(index.encoding, "UTF8");
    ASSERT_EQ(index.tables.size(), tables_.size());
    for (std::size_t n = 0; n < tables_.size(); ++n) {
      EXPECT_EQ(index.tables[n].dump_id, tables_[n].dump_id);
      EXPECT_EQ(index.tables[n].schema, tables_[n].schema);
      EXPECT_EQ(index.tables[n].table, tables_[n].table);
      EXPECT_EQ(index.tables[n].columns, tables_[n].columns);
      EXPECT_TRUE(index.tables[n].pieces == tables_[n].pieces);
      EXPECT_EQ(index.tables[n].fingerprint.rows, tables_[n].pieces.size());
    }
  }

  util::TempDir folder_{"piece-index-"};
  std::filesystem::path path_ = folder_.path() / "full_backup.dump";
  std::vector<TableRecord> tables_;
  std::uint64_t end_ = 0;  // of the last block that is not the index
  std::string file_;
};

TEST_F(Index, IsReadAsItWasWritten) {
  write(3);
  const std::optional<PieceIndex> index = read_piece_index(path_);
  ASSERT_TRUE(index);
  expect_written(*index);
}

// 48 bytes a piece: in several chunks of at most 1 MiB, whatever reads them from a pipe.
TEST_F(Index, OfManyPiecesLiesInSeveralChunks) {
  write(22'000);
  const std::optional<PieceIndex> index = read_piece_index(path_);
  ASSERT_TRUE(index);
  expect_written(*index);
  PrimitiveReader in(bytes(file_));
  in.skip(end_ + 1);
  EXPECT_EQ(in.integer(), 0) << "an id that no entry has";
  EXPECT_EQ(in.integer(), 1 << 20);
}

TEST_F(Index, IsABlockThatAScanSkips) {
  write(3);
  ParsedToc parsed = parse_toc(bytes(file_));
  for (TocEntry& entry : parsed.toc.entries) {
    if (entry.has_data) entry.offset_state = OffsetState::NotSet;
  }
  const TocEntry none = data_entry(99, "none");
  const std::string contents = encode_toc(parsed.toc).bytes;
  write_file(path_, contents + file_.substr(parsed.end));
  const CustomFileReader reader(path_);
  std::string rows;
  reader.read_table(*reader.toc().find(20),
                    [&rows](std::span<const std::byte> part) { rows += text_of(part); });
  EXPECT_EQ(rows, "0\n1\n2\n\\.\n\n\n");
  try {
    reader.read_table(none, [](std::span<const std::byte>) {});
    ADD_FAILURE() << "it has no block";
  } catch (const util::Error& failure) {
    EXPECT_NE(failure.message().find("without this entry's data"), std::string::npos)
        << failure.message();
  }
}

TEST_F(Index, ThatIsMissingOrCutOffIsNone) {
  write(3);
  for (std::uint64_t size = end_; size < file_.size(); ++size)
    EXPECT_FALSE(index_of(file_.substr(0, size))) << size;
  EXPECT_FALSE(index_of("")) << "an empty file";
  EXPECT_TRUE(index_of(file_));
}

TEST_F(Index, WithAnyByteFlippedIsNone) {
  write(3);
  for (std::uint64_t at = end_; at < file_.size(); ++at) {
    std::string flipped = file_;
    flipped[at] = static_cast<char>(flipped[at] ^ 0x04);
    const std::optional<PieceIndex> index = index_of(flipped);
    EXPECT_FALSE(index) << at - end_;
  }
}

TEST_F(Index, OfJunkBehindTheLastBlockIsNone) {
  write(3);
  EXPECT_FALSE(index_of(file_ + "junk"));
  EXPECT_FALSE(index_of(file_.substr(0, end_) + std::string(5000, 'x')));
  EXPECT_FALSE(index_of(file_.substr(0, end_) + "x" + file_.substr(end_))) << "another place";
  // A trailer that says nonsense about what comes before it.
  std::string long_one = file_;
  const std::size_t length = file_.size() - 5 - 64 - 8;
  for (std::size_t at = length; at < length + 8; ++at) long_one[at] = '\xFF';
  EXPECT_FALSE(index_of(long_one));
}

TEST_F(Index, CountsThatCannotBeAreDamage) {
  write(3);
  const std::string whole = encode_piece_index({.encoding = "UTF8", .tables = tables_});
  EXPECT_EQ(encode_piece_index(parse_piece_index(bytes(whole))), whole);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_EQ(kind_of_failure([&] { parse_piece_index(bytes(whole.substr(0, size))); }),
              util::Kind::Damage);
  }
  EXPECT_EQ(kind_of_failure([&] { parse_piece_index(bytes(whole + "x")); }), util::Kind::Damage);
  std::string many;
  append_string(many, "UTF8");
  append_int(many, INT32_MAX);
  EXPECT_EQ(kind_of_failure([&] { parse_piece_index(bytes(many)); }), util::Kind::Damage);
}

}  // namespace
}  // namespace archive
