#include "archive/custom_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "archive/primitives.h"
#include "archive/sql_file_name.h"
#include "codec/fingerprint.h"
#include "codec/sha256.h"
#include "unit/archive/archives.h"
#include "util/text.h"

namespace archive {
namespace {

using namespace testing;

std::string rows(std::size_t count, std::string_view name) {
  std::string out;
  for (std::size_t n = 0; n < count; ++n)
    out += util::cat(n, "\t", name, "\t", n * 7919 % 1000, "\n");
  return out;
}

std::string read_table(const CustomFileReader& reader, int dump_id) {
  std::string out;
  const TocEntry* entry = reader.toc().find(dump_id);
  if (entry == nullptr) throw util::Error(util::Kind::Damage, "no such entry");
  reader.read_table(*entry, [&](std::span<const std::byte> part) { out += text_of(part); });
  return out;
}

using LargeObjects = std::multimap<std::uint32_t, std::string>;

LargeObjects read_large_objects(const CustomFileReader& reader, int dump_id) {
  LargeObjects out;
  std::string* current = nullptr;
  const TocEntry* entry = reader.toc().find(dump_id);
  if (entry == nullptr) throw util::Error(util::Kind::Damage, "no such entry");
  reader.read_large_objects(
      *entry, {.begin = [&](std::uint32_t oid) { current = &out.emplace(oid, "")->second; },
               .bytes = [&](std::span<const std::byte> part) { *current += text_of(part); },
               .end = [&] { current = nullptr; }});
  EXPECT_EQ(current, nullptr);
  return out;
}

// Blocks by hand: chunks of `chunk_bytes`, whatever the text is.
std::string block(int type, int dump_id, std::string_view text, std::size_t chunk_bytes) {
  std::string out(1, static_cast<char>(type));
  append_int(out, dump_id);
  for (; !text.empty(); text.remove_prefix(std::min(chunk_bytes, text.size()))) {
    append_string(out, std::string(text.substr(0, chunk_bytes)));
  }
  append_int(out, 0);
  return out;
}

std::string zlib_stream(std::string_view text) {
  codec::StreamSum sum;
  const codec::Piece piece = codec::deflate_piece(text);
  sum.append(piece);
  return text_of(codec::kZlibHeader) + text_of(piece.deflated) + text_of(codec::kFinalBlock) +
         text_of(codec::zlib_trailer(sum));
}

class CustomFile : public ::testing::Test {
 protected:
  struct Written {
    std::string sha256;
    std::vector<std::uint64_t> pieces_of_a;
  };

  // `a` in pieces of `piece_bytes`, `b` empty, three large objects.
  Written write(const std::string& a, std::size_t piece_bytes) {
    Written out;
    CustomFileWriter writer(path_, small_toc());
    writer.begin_table(20);
    for (std::size_t n = 0; n < a.size(); n += piece_bytes) {
      out.pieces_of_a.push_back(writer.write_piece(codec::deflate_piece(a.substr(n, piece_bytes))));
    }
    writer.end_table();
    writer.begin_table(21);
    writer.end_table();
    writer.begin_large_objects(30);
    for (const std::uint32_t oid : {42U, 43U, 3'000'000'001U}) {
      writer.begin_large_object(oid);
      if (oid != 42) writer.write_piece(codec::deflate_piece(rows(oid % 1000, "object")));
      writer.end_large_object();
    }
    writer.end_large_objects();
    const std::uint64_t size = writer.position();
    out.sha256 = writer.finish();
    EXPECT_EQ(std::filesystem::file_size(path_), size);
    return out;
  }

  // An archive of the two tables whose blocks are made by hand.
  CustomFileReader read(Toc toc, const std::string& blocks) {
    toc.entries.resize(4);
    write_file(path_, encode_toc(toc).bytes + blocks);
    return CustomFileReader(path_);
  }

  util::TempDir folder_{"custom-file-"};
  std::filesystem::path path_ = folder_.path() / "full_backup.dump";
};

TEST_F(CustomFile, ReadsWhatItWrote) {
  const std::string a = rows(50'000, "member");
  const Written written = write(a, 100'000);
  EXPECT_EQ(written.sha256, codec::sha256_of_file(path_));
  const CustomFileReader reader(path_);
  EXPECT_TRUE(read_table(reader, 20) == a + "\\.\n\n\n");
  EXPECT_EQ(read_table(reader, 21), "\\.\n\n\n");
  const auto objects = read_large_objects(reader, 30);
  EXPECT_EQ(objects, (LargeObjects{
                         {42, ""}, {43, rows(43, "object")}, {3'000'000'001U, rows(1, "object")}}));
}

TEST_F(CustomFile, ReadsWhatItWroteAsZstd) {
  constexpr codec::PieceFormat kZstd{.method = codec::Method::Zstd};
  Toc toc = small_toc();
  toc.version = {1, 15};
  toc.compression = Compression::Zstd;
  std::mt19937 random(20261121);
  std::string a;  // hardly compresses
  for (int n = 0; n < 400'000; ++n) a += util::cat(random(), "\n");
  const codec::Piece piece = codec::pack_piece(a, kZstd);
  CustomFileWriter writer(path_, toc);
  writer.begin_table(20);
  const std::uint64_t at = writer.write_piece(piece);
  writer.write_piece(codec::pack_piece("last\n", kZstd));
  writer.end_table();
  writer.begin_table(21);
  writer.end_table();
  writer.begin_large_objects(30);
  writer.begin_large_object(42);
  writer.end_large_object();
  writer.begin_large_object(43);
  writer.write_piece(codec::pack_piece("large", kZstd));
  writer.end_large_object();
  writer.end_large_objects();
  writer.finish();

  const CustomFileReader reader(path_);
  EXPECT_EQ(piece_method(reader.toc()), codec::Method::Zstd);
  EXPECT_GT(piece.deflated.size(), kMaxChunkBytes) << "a frame in several chunks";
  EXPECT_TRUE(reader.read_piece(at, piece.deflated.size()) == piece.deflated);
  EXPECT_TRUE(read_table(reader, 20) == a + "last\n\\.\n\n\n");
  EXPECT_EQ(read_table(reader, 21), "\\.\n\n\n");
  EXPECT_EQ(read_large_objects(reader, 30), (LargeObjects{{42, ""}, {43, "large"}}));
  toc.version = {1, 14};
  EXPECT_THROW(CustomFileWriter(folder_.path() / "old.dump", toc), util::Error);
}

TEST_F(CustomFile, BlocksStandInTheOrderOfTheContentsWithoutGaps) {
  write(rows(10, "x"), 50);
  const std::string file = util::read_text(path_);
  const ParsedToc parsed = parse_toc(bytes(file));
  EXPECT_EQ(parsed.toc.entries[2].offset, parsed.end);
  EXPECT_LT(parsed.toc.entries[2].offset, parsed.toc.entries[3].offset);
  EXPECT_LT(parsed.toc.entries[3].offset, parsed.toc.entries[4].offset);
  EXPECT_EQ(parsed.toc.entries[0].offset_state, OffsetState::NoData);
  EXPECT_EQ(static_cast<int>(file.at(parsed.toc.entries[4].offset)), 3);
}

TEST_F(CustomFile, EachPieceCanBeReadAlone) {
  const std::string a = rows(400'000, "member with a name that takes some room");
  const std::size_t piece_bytes = 15'000'000;  // deflated more than one chunk
  const Written written = write(a, piece_bytes);
  const CustomFileReader reader(path_);
  ASSERT_GT(written.pieces_of_a.size(), 1U);
  for (std::size_t n = 0; n < written.pieces_of_a.size(); ++n) {
    const std::string text = a.substr(n * piece_bytes, piece_bytes);
    const codec::Piece piece = codec::deflate_piece(text);
    if (n == 0) {
      EXPECT_GT(piece.deflated.size(), kMaxChunkBytes);
    }
    EXPECT_TRUE(reader.read_piece(written.pieces_of_a[n], piece.deflated.size()) == piece.deflated)
        << n;
  }
  EXPECT_TRUE(read_table(reader, 20) == a + "\\.\n\n\n");
}

TEST_F(CustomFile, APieceOutsideTheFileIsDamage) {
  const Written written = write(rows(100, "x"), 1000);
  const CustomFileReader reader(path_);
  const std::uint64_t size = std::filesystem::file_size(path_);
  const auto piece = [&](std::uint64_t offset, std::uint64_t length) {
    return kind_of_failure([&] { reader.read_piece(offset, length); });
  };
  EXPECT_EQ(piece(0, 1), util::Kind::Damage);
  EXPECT_EQ(piece(size, 1), util::Kind::Damage);
  EXPECT_EQ(piece(size + 1, 1), util::Kind::Damage);
  EXPECT_EQ(piece(written.pieces_of_a[0], UINT64_MAX), util::Kind::Damage);
  EXPECT_EQ(piece(written.pieces_of_a[0], size - written.pieces_of_a[0]), util::Kind::Damage);
  EXPECT_EQ(piece(written.pieces_of_a[0] + 1, 10), util::Kind::Damage);
}

// Whoever takes damage gets the objects behind it; a length of a chunk that is wrong ends it.
TEST_F(CustomFile, ADamagedLargeObjectIsOneOfSeveral) {
  write(rows(10, "x"), 1000);
  const std::string file = util::read_text(path_);
  const auto read = [&](std::size_t at) {
    std::string flipped = file;
    flipped[at] = static_cast<char>(flipped[at] ^ 0xFF);
    write_file(path_, flipped);
    const CustomFileReader reader(path_);
    std::string told;
    reader.read_large_objects(*reader.toc().find(30),
                              {.begin = [&](std::uint32_t oid) { told += util::cat(oid, " "); },
                               .bytes = [](std::span<const std::byte>) {},
                               .end = [&] { told += "end "; },
                               .damaged = [&](const util::Error&) { told += "damaged "; }});
    return told;
  };
  // OID, the stream's header in a chunk of its own, and the piece of object 43.
  const std::size_t oid = file.find(std::string("\0\x2b\0\0\0", 5));
  ASSERT_NE(oid, std::string::npos);
  const std::string expected = "42 end 43 damaged end 3000000001 end ";
  EXPECT_EQ(read(oid + 5 + 5), expected) << "the header";
  EXPECT_EQ(read(oid + 5 + 5 + 2 + 5), expected) << "the piece";
  EXPECT_EQ(read(oid), "42 end 4294967253 end 3000000001 end ") << "as the negative of 43";
  EXPECT_EQ(kind_of_failure([&] { read(oid + 5); }), util::Kind::Damage) << "a length";
  EXPECT_EQ(kind_of_failure([&] {
              const CustomFileReader reader(path_);
              read_large_objects(reader, 30);
            }),
            util::Kind::Damage)
      << "nobody takes it";
}

TEST_F(CustomFile, RealPgDumpIsReadWithAndWithoutOffsets) {
  const std::string file = util::read_text(kPgDump15);
  ParsedToc parsed = parse_toc(bytes(file));
  for (TocEntry& entry : parsed.toc.entries) {
    if (entry.has_data) entry.offset_state = OffsetState::NotSet;
  }
  write_file(path_, encode_toc(parsed.toc).bytes +
                        file.substr(parsed.end));  // as pg_dump writes to a pipe
  for (const std::filesystem::path& path : {kPgDump15, path_}) {
    const CustomFileReader reader(path);
    std::map<std::string, std::string> tables;
    LargeObjects objects;
    for (const TocEntry& entry : reader.toc().entries) {
      if (entry.desc == "TABLE DATA") tables[entry.tag] = read_table(reader, entry.dump_id);
      if (entry.desc == "BLOBS") objects = read_large_objects(reader, entry.dump_id);
    }
    EXPECT_EQ(tables.size(), 5U);
    EXPECT_EQ(tables["empty"], "\\.\n\n\n");
    EXPECT_EQ(tables["nothing"], "\n\n\\.\n\n\n");
    EXPECT_EQ(tables["odd \"table\"\nname"],
              "1\ttab\\tnewline\\nbackslash\\\\ \\\\N \\\\.\n\\N\t\n2\t\\N\n\\.\n\n\n");
    codec::RowSplitter people;
    people.add(bytes(tables["people"]));
    EXPECT_EQ(people.fingerprint().rows, 300U);
    EXPECT_EQ(tables["people"].substr(0, tables["people"].find('\n')),
              "1\tperson 1\tmember\t100\t2025-06-01 13:00:00+00");
    ASSERT_EQ(objects.size(), 3U);
    EXPECT_EQ(objects.find(42)->second, "");
    EXPECT_EQ(objects.find(43)->second.size(), 9000U);
    EXPECT_EQ(objects.find(3'000'000'001U)->second, "a large object with a large number");
  }
}

TEST_F(CustomFile, FindsBlocksInAnyOrderAmongFillersAndBeforeJunk) {
  const CustomFileReader reader =
      read(small_toc(),
           block(1, 21, zlib_stream("second\n\\.\n\n\n"), 3) + block(1, 999, "any bytes", 9) +
               block(1, 20, zlib_stream("first\n\\.\n\n\n"), 1) + "junk behind the last block");
  EXPECT_EQ(read_table(reader, 20), "first\n\\.\n\n\n");
  EXPECT_EQ(read_table(reader, 21), "second\n\\.\n\n\n");
}

TEST_F(CustomFile, ReadsPlainData) {
  Toc toc = small_toc();
  toc.compression = Compression::None;
  const CustomFileReader reader =
      read(toc, block(1, 20, "1\n2\n\\.\n\n\n", 4) + block(1, 21, "3\n", 100));
  EXPECT_EQ(read_table(reader, 20), "1\n2\n\\.\n\n\n");
  EXPECT_EQ(kind_of_failure([&] { read_table(reader, 21); }), util::Kind::Damage)
      << "no end marker";
}

TEST_F(CustomFile, DataAsInsertCommandsHaveNoEndMarker) {
  Toc toc = small_toc();
  toc.entries[2].copy = std::nullopt;
  const CustomFileReader reader =
      read(toc, block(1, 20, zlib_stream("INSERT INTO public.a VALUES (1);\n\n"), 4096));
  EXPECT_EQ(read_table(reader, 20), "INSERT INTO public.a VALUES (1);\n\n");
}

TEST_F(CustomFile, RefusesWhatIsNotTheEntrysData) {
  Toc toc = small_toc();
  const std::string text = zlib_stream("1\n\\.\n\n\n");
  const auto outcome = [&](const std::string& blocks, OffsetState state, std::int64_t shift = 0) {
    toc.entries[2].offset_state = state;
    Toc cut = toc;
    cut.entries.resize(4);
    toc.entries[2].offset = encode_toc(cut).bytes.size() + static_cast<std::uint64_t>(shift);
    const CustomFileReader reader = read(toc, blocks);
    return kind_of_failure([&] { EXPECT_EQ(read_table(reader, 20), "1\n\\.\n\n\n"); });
  };
  using enum OffsetState;
  EXPECT_EQ(outcome(block(1, 20, text, 7), Set), util::Kind::Bug) << "this one is right";
  EXPECT_EQ(outcome(block(3, 20, text, 7), Set), util::Kind::Damage) << "type";
  EXPECT_EQ(outcome(block(1, 22, text, 7), Set), util::Kind::Damage) << "id";
  EXPECT_EQ(outcome(block(1, 20, text, 7), Set, -1), util::Kind::Damage) << "within the contents";
  EXPECT_EQ(outcome(block(1, 20, text, 7), Set, 1'000'000'000'000), util::Kind::Damage)
      << "behind the file";
  EXPECT_EQ(outcome(block(1, 21, text, 7), NotSet), util::Kind::Damage) << "no block";
  EXPECT_EQ(outcome(block(1, 20, text + "x", 7), Set), util::Kind::Damage)
      << "bytes behind the stream";
  EXPECT_EQ(outcome(block(1, 20, text + text, 7), Set), util::Kind::Damage) << "two streams";
  EXPECT_EQ(outcome(block(1, 20, text.substr(0, text.size() - 1), 7), Set), util::Kind::Damage)
      << "early end";
  EXPECT_EQ(outcome(block(1, 20, "", 7), Set), util::Kind::Damage) << "no stream at all";
  EXPECT_EQ(outcome(block(1, 20, zlib_stream("1\n"), 7), Set), util::Kind::Damage)
      << "no end marker";
}

TEST_F(CustomFile, FramesThatAreNoneAreDamage) {
  for (const Compression compression : {Compression::Lz4, Compression::Zstd}) {
    Toc toc = small_toc();
    toc.version.minor = 15;
    toc.compression = compression;
    const CustomFileReader reader = read(toc, block(1, 20, "frames", 10));
    EXPECT_EQ(kind_of_failure([&] { read_table(reader, 20); }), util::Kind::Damage);
  }
}

TEST_F(CustomFile, EveryEarlyEndIsAnError) {
  const std::string a = rows(20, "x");
  write(a, 100);
  const std::string file = util::read_text(path_);
  for (std::size_t length = 0; length < file.size(); ++length) {
    write_file(path_, file.substr(0, length));
    EXPECT_EQ(kind_of_failure([&] {
                const CustomFileReader reader(path_);
                read_table(reader, 20);
                read_table(reader, 21);
                read_large_objects(reader, 30);
              }),
              util::Kind::Damage)
        << length << " of " << file.size();
  }
}

// The format protects no names and numbers: another OID of a large object is for SHA256SUMS to
// find.
TEST_F(CustomFile, NoFlippedByteChangesTheDataUnnoticed) {
  const std::string a = rows(20, "x");
  write(a, 100);
  const std::string file = util::read_text(path_);
  const auto contents = [](const LargeObjects& objects) {
    std::vector<std::string> out;
    for (const auto& [oid, text] : objects) out.push_back(text);
    std::ranges::sort(out);
    return out;
  };
  const auto expected_objects = contents(read_large_objects(CustomFileReader(path_), 30));
  std::size_t errors = 0;
  for (std::size_t at = 0; at < file.size(); ++at) {
    std::string flipped = file;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    write_file(path_, flipped);
    try {
      const CustomFileReader reader(path_);
      EXPECT_EQ(read_table(reader, 20), a + "\\.\n\n\n") << at;
      EXPECT_EQ(read_table(reader, 21), "\\.\n\n\n") << at;
      EXPECT_EQ(contents(read_large_objects(reader, 30)), expected_objects) << at;
    } catch (const util::Error& error) {
      EXPECT_NE(error.kind(), util::Kind::Bug) << error.text();
      ++errors;
    }
  }
  EXPECT_GT(errors, file.size() / 2);
}

TEST_F(CustomFile, MessagesNameTheTable) {
  const CustomFileReader reader = read(small_toc(), block(1, 20, "no stream", 9));
  try {
    read_table(reader, 20);
    ADD_FAILURE();
  } catch (const util::Error& error) {
    EXPECT_NE(error.text().find("TABLE DATA public.a (entry 20"), std::string::npos)
        << error.text();
    EXPECT_NE(error.text().find("full_backup.dump"), std::string::npos);
  }
}

TEST_F(CustomFile, CallsInTheWrongOrderAreBugs) {
  CustomFileWriter writer(path_, small_toc());
  const auto outcome = [](const auto& act) {
    return kind_of_failure([&] {
      act();
      throw util::Error(util::Kind::Io, "none");
    });
  };
  EXPECT_EQ(outcome([&] { writer.end_table(); }), util::Kind::Bug);
  EXPECT_EQ(outcome([&] { writer.begin_table(10); }), util::Kind::Bug) << "an entry without data";
  writer.begin_table(20);
  EXPECT_EQ(outcome([&] { writer.begin_table(21); }), util::Kind::Bug);
  writer.end_table();
  EXPECT_EQ(outcome([&] { writer.begin_table(20); }), util::Kind::Bug) << "a second block";
  EXPECT_EQ(outcome([&] { writer.finish(); }), util::Kind::Bug) << "entries without their data";
}

}  // namespace
}  // namespace archive
