// A flipped byte at 200 random places of a backup: `verify` finds every one (exit 8) and names the
// file, and where the place lies in rows of a table, that and the piece.
#include <gtest/gtest.h>

#include <fstream>
#include <random>

#include "archive/manifest.h"
#include "support/guarded.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using util::cat;

class Damage : public test::GuardedTest {
 protected:
  Damage() : GuardedTest(test::Binary::Release, test::scram_server) {}

  struct Place {
    std::filesystem::path file;
    std::uint64_t offset;
  };
  // Every byte of the backup is as likely as any other, and every file gets one place at least.
  std::vector<Place> places(const std::filesystem::path& backup, std::size_t count,
                            std::mt19937_64& random) {
    std::vector<Place> out;
    std::vector<std::pair<std::filesystem::path, std::uint64_t>> files;
    std::uint64_t total = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(backup)) {
      if (!entry.is_regular_file() || entry.file_size() == 0) continue;
      files.emplace_back(entry.path(), entry.file_size());
      total += entry.file_size();
      out.push_back({entry.path(), random() % entry.file_size()});
    }
    while (out.size() < count) {
      std::uint64_t at = random() % total;
      std::size_t n = 0;
      for (; at >= files[n].second; ++n) at -= files[n].second;
      out.push_back({files[n].first, at});
    }
    return out;
  }
};

// "piece 1 of table app.members", if the place lies in one; "app.members" if it lies in a CSV file.
std::string rows_at(const archive::Manifest& manifest, const std::filesystem::path& file,
                    std::uint64_t offset) {
  constexpr std::uint64_t kChunkBytes = 1U << 20U;
  constexpr std::uint64_t kLengthBytes = 5;  // of each chunk but the first
  for (const archive::TableRecord& table : manifest.tables) {
    const std::string name = cat(table.schema, ".", table.table);
    if (file == table.csv_file) return name;
    for (std::size_t n = 0; n < table.pieces.size(); ++n) {
      const archive::PieceRecord& piece = table.pieces[n];
      const bool in_archive = file == "full_backup.dump";
      if (!in_archive && file != "full_backup.sql.gz") continue;
      const std::uint64_t begin = in_archive ? piece.dump_offset : piece.sql_offset;
      const std::uint64_t lengths =
          in_archive ? (piece.deflated_bytes - 1) / kChunkBytes * kLengthBytes : 0;
      if (offset >= begin && offset < begin + piece.deflated_bytes + lengths)
        return cat("piece ", n, " of table ", name);
    }
  }
  return {};
}

void flip(const std::filesystem::path& file, std::uint64_t offset, int bit) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(offset));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(offset));
  stream.put(static_cast<char>(byte ^ (1 << bit)));
}

TEST_F(Damage, OfAnyByteIsFoundAndTheFileIsNamed) {
  fill();
  const test::BinaryResult made = run({"backup"});
  ASSERT_EQ(made.status, 0) << made.err;
  const std::filesystem::path backup = backups() / std::string(util::trim(made.out));
  const auto seed = std::random_device{}();
  std::mt19937_64 random(seed);
  SCOPED_TRACE(cat("seed ", seed));
  const archive::Manifest manifest =
      archive::manifest_from_json(util::read_text(backup / "manifest.json"));
  std::size_t in_rows = 0;
  for (const Place& place : places(backup, 200, random)) {
    const int bit = static_cast<int>(random() % 8);
    const std::filesystem::path copy = folder() / "damaged";
    std::filesystem::copy(backup, copy, std::filesystem::copy_options::recursive);
    const std::filesystem::path relative = std::filesystem::relative(place.file, backup);
    flip(copy / relative, place.offset, bit);
    const test::BinaryResult verified = run({"verify", copy.string()});
    EXPECT_EQ(verified.status, 8) << relative << " at " << place.offset << " bit " << bit << "\n"
                                  << verified.out << verified.err;
    EXPECT_NE((verified.out + verified.err).find(relative.filename().string()), std::string::npos)
        << relative << " is not named:\n"
        << verified.out << verified.err;
    const std::string rows = rows_at(manifest, relative, place.offset);
    in_rows += rows.empty() ? 0U : 1U;
    EXPECT_NE(verified.out.find(rows), std::string::npos)
        << relative << " at " << place.offset << ": " << rows << " is not named:\n"
        << verified.out << verified.err;
    std::filesystem::remove_all(copy);
  }
  EXPECT_GT(in_rows, 10U);
  EXPECT_EQ(run({"verify", backup.string()}).status, 0) << "the undamaged one is whole";
}

}  // namespace
