#include "archive/toc.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "unit/archive/archives.h"

namespace archive {
namespace {

using namespace testing;

// What each field becomes if written and read; fields that a version does not have are lost.
void expect_equal(const TocEntry& read, const TocEntry& written) {
  EXPECT_EQ(read.dump_id, written.dump_id);
  EXPECT_EQ(read.has_data, written.has_data);
  EXPECT_EQ(read.catalog_oid, written.catalog_oid);
  EXPECT_EQ(read.object_oid, written.object_oid);
  EXPECT_EQ(read.tag, written.tag);
  EXPECT_EQ(read.desc, written.desc);
  EXPECT_EQ(read.section, written.section);
  EXPECT_EQ(read.definition, written.definition);
  EXPECT_EQ(read.drop, written.drop);
  EXPECT_EQ(read.copy, written.copy);
  EXPECT_EQ(read.schema, written.schema);
  EXPECT_EQ(read.tablespace, written.tablespace);
  EXPECT_EQ(read.table_access_method, written.table_access_method);
  EXPECT_EQ(read.relkind, written.relkind);
  EXPECT_EQ(read.owner, written.owner);
  EXPECT_EQ(read.dependencies, written.dependencies);
  EXPECT_EQ(read.offset_state, written.offset_state);
  EXPECT_EQ(read.offset, written.offset);
}

Toc full_toc(int minor) {
  Toc toc = small_toc();
  toc.version.minor = minor;
  TocEntry& table = toc.entries[1];
  if (minor < 14) table.table_access_method = std::nullopt;
  if (minor >= 16) table.relkind = 'p';
  toc.entries[2].offset_state = OffsetState::Set;
  toc.entries[2].offset = 0x0102030405060708;
  toc.entries[3].dependencies = {10, 7, 2147483647};
  toc.entries[3].tag = std::string("tag with\nnewline \xFF and ü");
  return toc;
}

TEST(Toc, RealPgDumpIsWrittenAgainByteForByte) {
  const std::string file = util::read_text(kPgDump15);
  const ParsedToc parsed = parse_toc(bytes(file));
  const EncodedToc encoded = encode_toc(parsed.toc);
  EXPECT_EQ(encoded.bytes.size(), parsed.end);
  EXPECT_TRUE(encoded.bytes == file.substr(0, parsed.end));
  EXPECT_FALSE(parsed.directory);
}

TEST(Toc, ReadsTheFieldsOfARealPgDump) {
  const Toc toc = read_toc_file(kPgDump15.string()).toc;
  EXPECT_EQ(toc.version, (ArchiveVersion{1, 14}));
  EXPECT_EQ(toc.compression, Compression::Gzip);
  EXPECT_EQ(toc.compression_level, -1);
  EXPECT_EQ(toc.database, "club");
  EXPECT_EQ(toc.dumper_version.substr(0, 3), "15.");
  EXPECT_EQ(toc.encoding(), "UTF8");

  const auto table = std::ranges::find_if(toc.entries, [](const TocEntry& entry) {
    return entry.desc == "TABLE" && entry.tag == "people";
  });
  ASSERT_NE(table, toc.entries.end());
  EXPECT_EQ(table->schema, "club");
  EXPECT_EQ(table->tablespace, "");
  EXPECT_EQ(table->table_access_method, "heap");
  EXPECT_EQ(table->drop, "DROP TABLE club.people;\n");
  EXPECT_EQ(table->copy, std::nullopt);
  EXPECT_EQ(table->section, Section::PreData);
  EXPECT_EQ(table->offset_state, OffsetState::NoData);

  const auto data = std::ranges::find_if(toc.entries, [](const TocEntry& entry) {
    return entry.desc == "TABLE DATA" && entry.tag == "people";
  });
  ASSERT_NE(data, toc.entries.end());
  EXPECT_TRUE(data->has_data);
  EXPECT_EQ(data->copy, "COPY club.people (id, name, level, paid, seen) FROM stdin;\n");
  EXPECT_EQ(data->dependencies, std::vector<int>{table->dump_id});
  EXPECT_EQ(data->offset_state, OffsetState::Set);
  EXPECT_EQ(toc.find(data->dump_id), &*data);
  EXPECT_EQ(toc.find(0), nullptr);
  EXPECT_GE(toc.max_dump_id(), data->dump_id);
}

TEST(Toc, EveryVersionKeepsItsFields) {
  for (int minor = 12; minor <= 16; ++minor) {
    SCOPED_TRACE(minor);
    const Toc toc = full_toc(minor);
    const EncodedToc encoded = encode_toc(toc);
    const ParsedToc parsed = parse_toc(bytes(encoded.bytes + "what follows"));
    EXPECT_EQ(parsed.end, encoded.bytes.size());
    EXPECT_EQ(parsed.toc.version, toc.version);
    EXPECT_EQ(parsed.toc.created.year, 126);
    EXPECT_EQ(parsed.toc.database, toc.database);
    ASSERT_EQ(parsed.toc.entries.size(), toc.entries.size());
    for (std::size_t n = 0; n < toc.entries.size(); ++n)
      expect_equal(parsed.toc.entries[n], toc.entries[n]);
    EXPECT_EQ(encode_toc(parsed.toc).bytes, encoded.bytes);
  }
}

TEST(Toc, TheCompressionFieldIsALevelBefore115AndAnAlgorithmSince) {
  Toc toc = small_toc();
  toc.compression = Compression::None;
  EXPECT_EQ(parse_toc(bytes(encode_toc(toc).bytes)).toc.compression, Compression::None);
  toc.compression = Compression::Zstd;
  EXPECT_EQ(kind_of_failure([&] { encode_toc(toc); }), util::Kind::Usage);
  for (const Compression compression :
       {Compression::None, Compression::Gzip, Compression::Lz4, Compression::Zstd}) {
    toc.version.minor = 15;
    toc.compression = compression;
    EXPECT_EQ(parse_toc(bytes(encode_toc(toc).bytes)).toc.compression, compression);
  }
}

TEST(Toc, NullIsNotTheEmptyString) {
  Toc toc = small_toc();
  toc.database = std::nullopt;
  toc.entries[1].owner = "";
  const Toc read = parse_toc(bytes(encode_toc(toc).bytes)).toc;
  EXPECT_EQ(read.database, std::nullopt);
  EXPECT_EQ(read.entries[0].owner, std::nullopt);
  EXPECT_EQ(read.entries[1].owner, "");
}

TEST(Toc, OffsetsCanBeWrittenWhereTheyStand) {
  Toc toc = small_toc();
  EncodedToc encoded = encode_toc(toc);
  ASSERT_EQ(encoded.offset_positions.size(), toc.entries.size());
  encoded.bytes.replace(encoded.offset_positions[3], 9,
                        encode_offset(OffsetState::Set, 123'456'789'012));
  const TocEntry entry = parse_toc(bytes(encoded.bytes)).toc.entries[3];
  EXPECT_EQ(entry.offset_state, OffsetState::Set);
  EXPECT_EQ(entry.offset, 123'456'789'012U);
  EXPECT_EQ(encode_offset(OffsetState::NoData, 77), std::string("\3\0\0\0\0\0\0\0\0", 9));
}

TEST(Toc, ReadsTheContentsOfADirectory) {
  Toc toc = small_toc();
  toc.entries.resize(1);
  std::string text = encode_toc(toc).bytes;
  text[10] = 3;                  // format
  text.resize(text.size() - 9);  // no offset but a name
  text += std::string("\0\4\0\0\0", 5) + "1.da";
  const ParsedToc parsed = parse_toc(bytes(text));
  EXPECT_TRUE(parsed.directory);
  EXPECT_EQ(parsed.toc.entries[0].data_file, "1.da");
}

TEST(Toc, WithoutAnEncodingEntryItIsAsPgRestoreTakesIt) {
  Toc toc;
  EXPECT_EQ(toc.encoding(), "SQL_ASCII");
  toc.entries.push_back(special_entry(1, "ENCODING", "SET client_encoding = 'LATIN1';\n"));
  EXPECT_EQ(toc.encoding(), "LATIN1");
  toc.entries[0].definition = "nonsense '";
  EXPECT_EQ(toc.encoding(), "SQL_ASCII");
}

TEST(Toc, RefusesOtherVersionsByName) {
  std::string text = encode_toc(small_toc()).bytes;
  text[6] = 17;
  EXPECT_EQ(kind_of_failure([&] { parse_toc(bytes(text)); }), util::Kind::Usage);
  text[6] = 11;
  EXPECT_EQ(kind_of_failure([&] { parse_toc(bytes(text)); }), util::Kind::Usage);
  text[5] = 2;
  EXPECT_EQ(kind_of_failure([&] { parse_toc(bytes(text)); }), util::Kind::Usage);
  Toc toc = small_toc();
  toc.version.minor = 17;
  EXPECT_EQ(kind_of_failure([&] { encode_toc(toc); }), util::Kind::Usage);
}

TEST(Toc, EveryEarlyEndIsDamage) {
  const util::TempDir folder("toc-");
  const std::string path = folder.path() / "short.dump";
  const std::string text = encode_toc(small_toc()).bytes;
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_EQ(kind_of_failure([&] { parse_toc(bytes(text.substr(0, length))); }),
              util::Kind::Damage)
        << length;
    if (length % 37 != 0) continue;
    write_file(path, text.substr(0, length));
    EXPECT_EQ(kind_of_failure([&] { read_toc_file(path); }), util::Kind::Damage) << length;
  }
}

TEST(Toc, EveryFlippedByteIsAnErrorOrOtherContents) {
  const std::string text = encode_toc(full_toc(16)).bytes;
  std::size_t errors = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    for (const int change : {0x01, 0x80, 0xFF}) {
      std::string flipped = text;
      flipped[at] = static_cast<char>(flipped[at] ^ change);
      try {
        encode_toc(parse_toc(bytes(flipped)).toc);
      } catch (const util::Error& error) {
        EXPECT_TRUE(error.kind() == util::Kind::Damage || error.kind() == util::Kind::Usage)
            << error.text();
        ++errors;
      }
    }
  }
  EXPECT_GT(errors, text.size());
}

TEST(Toc, ManyFlippedBytesOfARealOneAreNoCrash) {
  const std::string text = util::read_text(kPgDump15);
  std::mt19937 random(11);
  for (int round = 0; round < 1000; ++round) {
    std::string flipped = text;
    for (int n = 0; n < 1 + round % 8; ++n) {
      flipped[random() % flipped.size()] = static_cast<char>(random());
    }
    try {
      parse_toc(bytes(flipped));
    } catch (const util::Error& error) {
      EXPECT_TRUE(error.kind() == util::Kind::Damage || error.kind() == util::Kind::Usage);
    }
  }
}

TEST(Toc, HugeNumbersAllocateNothing) {
  const std::string text = encode_toc(small_toc()).bytes;
  const std::size_t database = text.find("club") - 4;  // the length's magnitude
  for (const std::string& length :
       {std::string("\xFF\xFF\xFF\x7F", 4), std::string("\xFF\xFF\xFF\xFF", 4)}) {
    std::string huge = text;
    huge.replace(database, 4, length);
    EXPECT_EQ(kind_of_failure([&] { parse_toc(bytes(huge)); }), util::Kind::Damage);
  }
  const std::size_t count = text.rfind("15.18") + 5;
  std::string many = text;
  many.replace(count, 5, std::string("\0\xFF\xFF\xFF\x7F", 5));
  EXPECT_EQ(kind_of_failure([&] { parse_toc(bytes(many)); }), util::Kind::Damage);
  many.replace(count, 5, std::string("\1\1\0\0\0", 5));
  EXPECT_EQ(kind_of_failure([&] { parse_toc(bytes(many)); }), util::Kind::Damage);
}

TEST(Toc, TwoEntriesWithOneIdAreDamage) {
  Toc toc = small_toc();
  toc.entries[1].dump_id = 1;
  EXPECT_EQ(kind_of_failure([&] { parse_toc(bytes(encode_toc(toc).bytes)); }), util::Kind::Damage);
}

TEST(Toc, MessagesNameTheFileAndTheByte) {
  const util::TempDir folder("toc-");
  const std::string path = folder.path() / "not a dump";
  write_file(path, "-- PostgreSQL database dump\n");
  try {
    read_toc_file(path);
    ADD_FAILURE();
  } catch (const util::Error& error) {
    EXPECT_NE(error.text().find("not a dump"), std::string::npos);
    EXPECT_NE(error.text().find("byte 0"), std::string::npos);
    EXPECT_FALSE(error.hint().empty());
  }
}

TEST(Toc, ReadsOnlyWhatItNeedsOfALargeFile) {
  const util::TempDir folder("toc-");
  const std::string path = folder.path() / "large.dump";
  Toc toc = small_toc();
  for (int n = 0; n < 3000; ++n) {
    toc.entries.push_back(
        special_entry(100 + n, "FUNCTION", std::string(static_cast<std::size_t>(n % 700), 'f')));
  }
  const EncodedToc encoded = encode_toc(toc);
  ASSERT_GT(encoded.bytes.size(), 1'000'000U);  // several reads
  write_file(path, encoded.bytes + std::string(100'000, 'd'));
  const ParsedToc parsed = read_toc_file(path);
  EXPECT_EQ(parsed.end, encoded.bytes.size());
  EXPECT_EQ(encode_toc(parsed.toc).bytes, encoded.bytes);
}

}  // namespace
}  // namespace archive
