// Archives of pg_dump 13 to 18 of the same database, in every compression and both formats.
#include "archive/reader.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

#include "archive/custom_file.h"
#include "unit/archive/archives.h"

namespace archive {
namespace {

using namespace testing;

struct Content {
  std::map<std::string, std::string> tables;
  std::map<std::uint32_t, std::string> objects;
  friend bool operator==(const Content&, const Content&) = default;
};

Content content_of(const Reader& reader) {
  Content content;
  for (const TocEntry& entry : reader.toc().entries) {
    if (entry.desc == "TABLE DATA") {
      reader.read_table(entry, [&](std::span<const std::byte> part) {
        content.tables[entry.tag] += text_of(part);
      });
    }
    if (entry.desc != "BLOBS") continue;
    std::uint32_t open = 0;
    reader.read_large_objects(
        entry,
        {.begin =
             [&](std::uint32_t oid) {
               open = oid;
               content.objects[oid];
             },
         .bytes = [&](std::span<const std::byte> part) { content.objects[open] += text_of(part); },
         .end = [] {}});
  }
  return content;
}

std::filesystem::path golden(const std::string& name) { return kPgDump15.parent_path() / name; }

class EveryArchive : public ::testing::TestWithParam<const char*> {};

TEST_P(EveryArchive, HoldsTheSameRowsAndLargeObjects) {
  const Content expected = content_of(*open_archive(kPgDump15));
  ASSERT_EQ(expected.tables.size(), 5U);
  ASSERT_EQ(expected.objects.size(), 3U);
  const Content found = content_of(*open_archive(golden(GetParam())));
  EXPECT_EQ(found.objects, expected.objects);
  EXPECT_EQ(found.tables, expected.tables);
}

// What goes into a database first, and by how many workers, depends on it: in a folder, and where
// the contents do not say where data are, because they went through a pipe.
TEST_P(EveryArchive, SaysHowLargeItsDataAre) {
  const std::unique_ptr<Reader> reader = open_archive(golden(GetParam()));
  const std::map<int, std::uint64_t> sizes = reader->data_bytes();
  std::uint64_t all = 0;
  for (const TocEntry& entry : reader->toc().entries) {
    if (entry.desc != "TABLE DATA" && entry.desc != "BLOBS") {
      EXPECT_FALSE(sizes.contains(entry.dump_id)) << entry.desc;
      continue;
    }
    ASSERT_TRUE(sizes.contains(entry.dump_id)) << entry.desc << ' ' << entry.tag;
    EXPECT_GT(sizes.at(entry.dump_id), 0U);
    all += sizes.at(entry.dump_id);
  }
  if (is_directory_archive(golden(GetParam()))) return;
  EXPECT_LT(all, std::filesystem::file_size(golden(GetParam())));
}

TEST(Archive, ThatWentThroughAPipeHasTheSameSizes) {
  const util::TempDir folder("pgbelay-pipe-");
  Toc toc = CustomFileReader(kPgDump15).toc();
  const std::map<int, std::uint64_t> sizes = CustomFileReader(kPgDump15).data_bytes();
  std::string bytes = util::read_text(kPgDump15);
  const std::size_t contents = encode_toc(toc).bytes.size();
  for (TocEntry& entry : toc.entries) {
    if (entry.offset_state == OffsetState::Set) entry.offset_state = OffsetState::NotSet;
  }
  bytes.replace(0, contents, encode_toc(toc).bytes);
  write_file(folder.path() / "piped.dump", bytes);
  EXPECT_EQ(CustomFileReader(folder.path() / "piped.dump").data_bytes(), sizes);
  EXPECT_FALSE(sizes.empty());
}

INSTANTIATE_TEST_SUITE_P(Golden, EveryArchive,
                         ::testing::Values("pg_dump_13.dump", "pg_dump_17_zstd.dump",
                                           "pg_dump_18_lz4.dump", "pg_dump_15_gzip",
                                           "pg_dump_18_zstd"));

class DirectoryArchive : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(golden("pg_dump_18_zstd"), path());
    for (const auto& entry : std::filesystem::directory_iterator(path())) {
      if (entry.path().extension() == ".zst" && entry.file_size() > 500) table_ = entry.path();
    }
    ASSERT_FALSE(table_.empty());
  }
  std::filesystem::path path() const { return folder_.path() / "archive"; }
  util::Kind failure() const {
    return kind_of_failure([this] { content_of(*open_archive(path())); });
  }
  util::TempDir folder_{"pgbelay-directory-"};
  std::filesystem::path table_;
};

TEST_F(DirectoryArchive, MissingOrShortFilesAreDamage) {
  const std::string whole = util::read_text(table_);
  write_file(table_, whole.substr(0, whole.size() / 2));
  EXPECT_EQ(failure(), util::Kind::Damage);
  std::filesystem::remove(table_);
  EXPECT_EQ(failure(), util::Kind::Damage);
}

TEST_F(DirectoryArchive, PlainFilesAreReadWhateverTheHeaderSays) {
  const Content expected = content_of(*open_archive(path()));
  for (const auto& entry : std::filesystem::directory_iterator(path())) {
    if (entry.path().filename().string() == "blob_42.dat.zst") {
      std::filesystem::rename(entry.path(), path() / "blob_42.dat");
    }
  }
  EXPECT_EQ(content_of(*open_archive(path())), expected);
}

TEST_F(DirectoryArchive, NamesThatLeadOutOfTheFolderAreRefused) {
  for (const auto& entry : std::filesystem::directory_iterator(path())) {
    if (entry.path().filename().string().starts_with("blobs_"))
      write_file(entry.path(), "42 ../pg_dump_18_zstd/blob_42.dat\n");
  }
  EXPECT_EQ(failure(), util::Kind::Damage);
}

TEST(OpenArchive, WhatIsNoArchiveIsRefusedByName) {
  const util::TempDir folder("pgbelay-open-");
  std::string tar(1024, '\0');
  tar.replace(257, 5, "ustar");
  write_file(folder.path() / "a.tar", tar);
  EXPECT_EQ(kind_of_failure([&] { open_archive(folder.path() / "a.tar"); }), util::Kind::Usage);
  write_file(folder.path() / "a.sql", "-- PostgreSQL database dump\n");
  EXPECT_EQ(kind_of_failure([&] { open_archive(folder.path() / "a.sql"); }), util::Kind::Damage);
  EXPECT_EQ(kind_of_failure([&] { open_archive(golden("pg_dump_18_zstd") / "toc.dat"); }),
            util::Kind::Usage);
}

}  // namespace
}  // namespace archive
