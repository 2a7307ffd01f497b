// Levels `written` and `read-back` find what was changed, and name it.
#include <gmock/gmock.h>

#include <random>

#include "unit/backup/handmade.h"
#include "util/error.h"

namespace backup {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;

class Damage : public testing::Test {
 protected:
  Backup opened() { return open(made_.path()); }
  std::vector<archive::Finding> written() { return check_written(opened(), quiet_, {}); }
  std::vector<archive::Finding> read() { return read_back(opened(), 2, quiet_, {}); }
  void flip(const std::string& file, std::uint64_t at, unsigned char mask = 0x01) {
    std::fstream stream(made_.path() / file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const auto byte = static_cast<unsigned char>(stream.get());
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ mask));
  }
  util::TempDir dir_{"damage-"};
  Handmade made_{dir_.path() / "2026-11-20_143052_x"};
  util::QuietReporter quiet_;
};

TEST_F(Damage, AWholeBackupHasNoFindings) {
  EXPECT_THAT(written(), IsEmpty());
  EXPECT_THAT(read(), IsEmpty());
}

// Every byte of every file that the sums cover, at random places.
TEST_F(Damage, WrittenFindsEveryFlippedByteAndNamesTheFile) {
  std::mt19937 random(20261120);
  const std::vector<archive::FileRecord> files = made_.manifest.files;
  for (int n = 0; n < 100; ++n) {
    const archive::FileRecord& file = files[random() % files.size()];
    const std::uint64_t at = random() % file.bytes;
    flip(file.name, at);
    const std::vector<archive::Finding> findings = written();
    ASSERT_EQ(findings.size(), 1U) << file.name << " at " << at;
    EXPECT_EQ(findings[0].file, file.name);
    EXPECT_EQ(findings[0].severity, archive::Severity::Damage);
    flip(file.name, at);
  }
  EXPECT_THAT(written(), IsEmpty());
}

// What the sums cannot cover: themselves (by the evidence), the evidence (by its own digest).
TEST_F(Damage, WrittenFindsChangedSumsAndEvidence) {
  archive::Evidence evidence;
  evidence.level = archive::Level::Written;
  evidence.sums_sha256 = opened().sums_sha256;
  record(opened(), evidence);
  EXPECT_THAT(written(), IsEmpty());

  const std::uint64_t sums_bytes = fs::file_size(made_.path() / "SHA256SUMS");
  for (std::uint64_t at = 0; at < sums_bytes; at += 7) {
    flip("SHA256SUMS", at);
    std::string said;
    try {
      for (const archive::Finding& finding : written()) said += finding.file + " ";
    } catch (const util::Error& failure) {
      said = failure.message();  // it cannot even be opened
    }
    EXPECT_THAT(said, HasSubstr("SHA256SUMS")) << at;
    flip("SHA256SUMS", at);
  }
  const std::uint64_t proof_bytes = fs::file_size(made_.path() / "proof.json");
  for (std::uint64_t at = 0; at < proof_bytes; at += 5) {
    flip("proof.json", at);
    const std::vector<archive::Finding> findings = written();
    ASSERT_FALSE(findings.empty()) << at;
    EXPECT_EQ(findings[0].file, "proof.json");
    flip("proof.json", at);
  }
}

TEST_F(Damage, WrittenFindsMissingShortAndAdditionalFiles) {
  std::ofstream(made_.path() / "notes.txt") << "mine";
  fs::remove(made_.path() / "csv/public.empty.csv.gz");
  fs::resize_file(made_.path() / "full_backup.sql.gz", 100);
  std::vector<std::string> found;
  for (const archive::Finding& finding : written())
    found.push_back(finding.code + " " + finding.file);
  EXPECT_THAT(found, testing::ElementsAre("missing-file csv/public.empty.csv.gz",
                                          "size full_backup.sql.gz", "extra-file notes.txt"));
}

TEST_F(Damage, ReadBackNamesTablePieceAndOffset) {
  const archive::PieceRecord& piece = made_.manifest.tables[0].pieces[1];
  for (const std::uint64_t at : {std::uint64_t{0}, piece.deflated_bytes / 2,
                                 piece.deflated_bytes - 6, piece.deflated_bytes - 1}) {
    flip("full_backup.dump", piece.dump_offset + at, 0xFF);
    const std::vector<archive::Finding> findings = read();
    ASSERT_EQ(findings.size(), 1U) << at << ": of one damage, and the SQL file is whole";
    EXPECT_EQ(findings[0].file, "full_backup.dump");
    EXPECT_EQ(findings[0].table, "public.big");
    EXPECT_EQ(findings[0].piece, 1U);
    EXPECT_EQ(findings[0].offset, piece.dump_offset);
    EXPECT_THAT(findings[0].text, HasSubstr("piece 1 of table public.big (1000 rows, at byte "));
    EXPECT_THAT(findings[0].hint, HasSubstr("whole in full_backup.sql.gz"));
    flip("full_backup.dump", piece.dump_offset + at, 0xFF);
  }
}

TEST_F(Damage, ReadBackComparesTheIndexWithTheManifest) {
  made_.manifest.tables[1].columns = {"another"};
  made_.write_manifest();
  const std::vector<archive::Finding> findings = read();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].text, HasSubstr("index of pieces"));
}

// Nothing of the data: the sums tell of it.
TEST_F(Damage, ADamagedIndexIsNoIndex) {
  const std::uint64_t bytes = fs::file_size(made_.path() / "full_backup.dump");
  flip("full_backup.dump", bytes - 20);
  EXPECT_THAT(read(), IsEmpty());
  EXPECT_EQ(written().size(), 1U);
}

// Without the manifest, by the index; without that, as one stream.
TEST_F(Damage, OfAnArchiveAloneIsToldToThePieceByItsIndex) {
  const fs::path dump = made_.path() / "full_backup.dump";
  ArchiveRead whole = read_back(dump, 2, {});
  EXPECT_THAT(whole.findings, IsEmpty());
  EXPECT_TRUE(whole.indexed);
  EXPECT_EQ(whole.rows, 3000U);
  EXPECT_EQ(whole.tables, 2U);
  EXPECT_EQ(whole.large_objects, 1U);
  const archive::PieceRecord& piece = made_.manifest.tables[0].pieces[2];
  flip("full_backup.dump", piece.dump_offset + 10, 0xFF);
  const ArchiveRead damaged = read_back(dump, 2, {});
  ASSERT_EQ(damaged.findings.size(), 1U);
  EXPECT_EQ(damaged.findings[0].piece, 2U);
  EXPECT_EQ(damaged.findings[0].offset, piece.dump_offset);
  fs::resize_file(dump, fs::file_size(dump) - 1);
  const ArchiveRead cut = read_back(dump, 2, {});
  EXPECT_FALSE(cut.indexed);
  ASSERT_EQ(cut.findings.size(), 1U);
  EXPECT_EQ(cut.findings[0].table, "public.big");
  EXPECT_EQ(cut.findings[0].piece, std::nullopt);
}

TEST_F(Damage, ReadBackTellsWhatIsDamagedInBothFiles) {
  const archive::PieceRecord& piece = made_.manifest.tables[0].pieces[1];
  flip("full_backup.dump", piece.dump_offset, 0xFF);
  flip("full_backup.sql.gz", piece.sql_offset + 20, 0xFF);
  const std::vector<archive::Finding> findings = read();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[0].file, "full_backup.dump");
  EXPECT_EQ(findings[1].file, "full_backup.sql.gz");
  for (const archive::Finding& finding : findings) {
    EXPECT_EQ(finding.piece, 1U);
    EXPECT_THAT(finding.hint, HasSubstr("another backup"));
  }
}

TEST_F(Damage, ReadBackReadsTheArchiveWithoutTheSqlFile) {
  fs::remove(made_.path() / "full_backup.sql.gz");
  const archive::PieceRecord& piece = made_.manifest.tables[0].pieces[1];
  flip("full_backup.dump", piece.dump_offset, 0xFF);
  std::vector<std::string> found;
  for (const archive::Finding& finding : read()) found.push_back(finding.code + " " + finding.file);
  EXPECT_THAT(found, testing::ElementsAre("unreadable full_backup.dump",
                                          "missing-file full_backup.sql.gz"));
}

// Each byte of the frame between the contents and the end: header, lengths, end marker, checksums.
TEST_F(Damage, ReadBackFindsEveryByteAroundThePieces) {
  const archive::PieceRecord& first = made_.manifest.tables[0].pieces.front();
  const archive::PieceRecord& last = made_.manifest.tables[0].pieces.back();
  std::vector<std::uint64_t> places;
  for (std::uint64_t at = first.dump_offset - 18; at < first.dump_offset; ++at)
    places.push_back(at);
  const std::uint64_t end = last.dump_offset + last.deflated_bytes;
  for (std::uint64_t at = end; at < end + 40; ++at) places.push_back(at);
  for (const std::uint64_t at : places) {
    flip("full_backup.dump", at, 0xFF);
    // nothing.
    const bool found = !read().empty();
    EXPECT_TRUE(found) << "byte " << at << " of " << first.dump_offset << "…" << end;
    flip("full_backup.dump", at, 0xFF);
  }
}

TEST_F(Damage, ReadBackFindsChangesInTheSqlFile) {
  const archive::PieceRecord& piece = made_.manifest.tables[0].pieces[2];
  flip("full_backup.sql.gz", piece.sql_offset + 10);
  std::vector<archive::Finding> findings = read();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].file, "full_backup.sql.gz");
  EXPECT_EQ(findings[0].piece, 2U);
  flip("full_backup.sql.gz", piece.sql_offset + 10);

  flip("full_backup.sql.gz", 40);  // among the statements
  findings = read();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].file, "full_backup.sql.gz");
  flip("full_backup.sql.gz", 40);

  flip("full_backup.sql.gz", fs::file_size(made_.path() / "full_backup.sql.gz") - 5);
  EXPECT_EQ(read().size(), 1U);
}

// The same in frames of zstd, whose checksums are their own.
TEST_F(Damage, ReadBackFindsChangesInZstd) {
  const Handmade zstd(dir_.path() / "2026-11-20_143052_zstd", codec::Method::Zstd);
  const auto findings = [&] { return read_back(open(zstd.path()), 2, quiet_, {}); };
  const auto flip_there = [&](const std::string& file, std::uint64_t at) {
    std::fstream stream(zstd.path() / file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const int byte = stream.get();
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ 0xFF));
  };
  EXPECT_THAT(findings(), IsEmpty());
  const archive::PieceRecord& first = zstd.manifest.tables[0].pieces.front();
  const archive::PieceRecord& last = zstd.manifest.tables[0].pieces.back();
  const std::uint64_t end = last.dump_offset + last.deflated_bytes;
  std::vector<std::pair<std::string, std::uint64_t>> places;
  // Type and id of the block, the length of the first chunk, the frame; the end marker's frame.
  for (std::uint64_t at = first.dump_offset - 11; at < first.dump_offset + 20; ++at)
    places.emplace_back("full_backup.dump", at);
  for (std::uint64_t at = end - 8; at < end + 25; ++at) places.emplace_back("full_backup.dump", at);
  places.emplace_back("full_backup.sql.zst", 40);
  places.emplace_back("full_backup.sql.zst", first.sql_offset + 10);
  places.emplace_back("full_backup.sql.zst",
                      fs::file_size(zstd.path() / "full_backup.sql.zst") - 2);
  for (const auto& [file, at] : places) {
    flip_there(file, at);
    const std::vector<archive::Finding> found = findings();
    EXPECT_FALSE(found.empty()) << file << " at " << at;
    if (!found.empty()) {
      EXPECT_EQ(found[0].file, file);
    }
    flip_there(file, at);
  }
  EXPECT_THAT(findings(), IsEmpty());
}

TEST_F(Damage, ReadBackFindsChangesInCsvAndLargeObjects) {
  flip("csv/public.big.csv.gz", 200);
  std::vector<archive::Finding> findings = read();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].file, "csv/public.big.csv.gz");
  flip("csv/public.big.csv.gz", 200);

  made_.manifest.large_objects[0].sha256 = codec::sha256_of("other");
  made_.write_manifest();
  findings = read();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_THAT(findings[0].text, HasSubstr("large object 77"));
}

// The files are what was written, but not what was read from the server: only the fingerprint
// knows.
TEST_F(Damage, ReadBackComparesWithTheFingerprintOfTheDatabase) {
  made_.manifest.tables[0].fingerprint.low += 1;
  made_.write_manifest();
  EXPECT_THAT(written(), IsEmpty());
  const std::vector<archive::Finding> findings = read();
  ASSERT_EQ(findings.size(), 1U);
  EXPECT_EQ(findings[0].code, "fingerprint");
  EXPECT_EQ(findings[0].table, "public.big");
}

TEST_F(Damage, ReadBackMissesNoTableAndNoEntry) {
  archive::TableRecord lost = made_.manifest.tables[1];
  lost.table = "lost";
  lost.dump_id = 99;
  lost.csv_file.clear();
  made_.manifest.tables[1] = lost;
  made_.write_manifest();
  std::vector<std::string> tables;
  for (const archive::Finding& finding : read()) tables.push_back(finding.table);
  EXPECT_THAT(tables, testing::UnorderedElementsAre("public.lost", "public.empty"));
}

}  // namespace
}  // namespace backup
