// One backup as a set: a directory that explains itself, staged invisibly and published by one
// rename.
//
// Guarantees: what list() shows was complete and durable when it got its name; published files
// never change; evidence is added beside them.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "archive/evidence.h"
#include "archive/manifest.h"
#include "util/clock.h"
#include "util/reporter.h"

namespace backup {

struct Backup {
  std::filesystem::path path;
  archive::Manifest manifest;
  std::string sums_sha256;                    // identity: SHA-256 of SHA256SUMS
  std::optional<archive::Evidence> evidence;  // nothing if none or not bound to this backup

  archive::Level level() const;  // of the evidence; None without
  bool damaged() const;
  std::filesystem::path archive_path() const { return path / "full_backup.dump"; }
};

// Level `written` and, if asked, `read-back`, of an existing backup; never throws for damage: that
// is a finding.
std::vector<archive::Finding> check_written(const Backup& backup, util::Reporter& reporter,
                                            std::stop_token stop);
std::vector<archive::Finding> read_back(const Backup& backup, std::size_t jobs,
                                        util::Reporter& reporter, std::stop_token stop);
// The same of an archive without a manifest. Nothing says what it should hold: only that all of it
// can be read is shown.
struct ArchiveRead {
  std::vector<archive::Finding> findings;
  std::uint64_t tables = 0, rows = 0, large_objects = 0;
  bool indexed = false;  // its own index said where the pieces are, with their checksums
};
ArchiveRead read_back(const std::filesystem::path& archive, std::size_t jobs, std::stop_token stop);
// Adds or replaces proof.json by rename, and moves `latest` off a backup that turned out damaged.
void record(const Backup& backup, const archive::Evidence& evidence);

struct Entry {  // a line of `list`
  std::string name;
  std::filesystem::path path;
  std::optional<Backup> backup;  // nothing if it cannot be read
  std::string problem;           // then: why
};
std::vector<Entry> list(const std::filesystem::path& dir);  // ascending by name

// Opens a published backup's directory: manifest parsed, sums file read, evidence bound.
// Kind::Damage if the manifest is missing or damaged; Kind::Usage if it was made by a newer version
// or is no backup.
Backup open(const std::filesystem::path& path);
// An exact name, a part that fits exactly one, "latest" (of `database` if given, not damaged), or a
// directory. Kind::Usage otherwise; two fits: both named.
Backup find(const std::filesystem::path& dir, std::string_view reference,
            std::string_view database = {});
// The folder that find() would open, whatever is in it; "latest" is not such a reference.
std::filesystem::path find_folder(const std::filesystem::path& dir, std::string_view reference);

std::string clean_label(std::string_view label);
// YYYY-MM-DD_HHMMSS_label, with -2, -3 … while `taken` says so (contracts.md K5).
std::string make_name(util::Clock::time_point when, std::string_view label,
                      const std::filesystem::path& dir);

}  // namespace backup
