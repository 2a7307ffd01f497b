// The names of a backup's own files (contracts.md K11).
#pragma once

#include <string_view>

namespace backup {

constexpr std::string_view kManifestName = "manifest.json";
constexpr std::string_view kManifestTextName = "manifest.txt";
constexpr std::string_view kSumsName = "SHA256SUMS";
constexpr std::string_view kProofName = "proof.json";
constexpr std::string_view kGlobalsName = "globals.sql";
constexpr std::string_view kArchiveName = "full_backup.dump";
constexpr std::string_view kLatestName = "latest";
constexpr std::string_view kPinnedName = "PINNED";

}  // namespace backup
