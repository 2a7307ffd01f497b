// proof.json: what has been shown of a backup, when, how and by which version. It is bound to the
// backup by the SHA-256 of SHA256SUMS: evidence of anything else is no evidence (contracts.md K11).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace archive {

enum class Level { None, Written, ReadBack, Restored, Proven };
constexpr std::array<std::string_view, 5> kLevelNames{"none", "written", "read-back", "restored",
                                                      "proven"};
constexpr std::string_view level_name(Level level) {
  return kLevelNames[static_cast<std::size_t>(level)];
}
std::optional<Level> parse_level(std::string_view name);

enum class Severity {
  Note,
  Accepted,
  Damage
};  // Accepted: of the closed list of S13, shown always
struct Finding {
  Severity severity = Severity::Damage;
  std::string code;  // stable word: "sha256", "fingerprint", "object-missing" …
  std::string file;
  std::string table;
  std::optional<std::uint64_t> piece;
  std::optional<std::uint64_t> offset;
  std::string text;
  std::string hint;
  // Of an object that differs: its definition in the backup and in what was compared with it, of
  // several lines. Empty: there is none, or the finding is of something else.
  std::string recorded = {};
  std::string found = {};
};

struct Evidence {
  Level level = Level::None;  // reached
  bool damaged = false;
  int definition = 1;  // of "proven" (contracts.md K3): 1 by name of objects, 2 by schema model
  std::string at;      // RFC 3339
  double duration_s = 0;
  std::string by_version;  // of pgbelay
  std::string server;  // where it was restored: version and sanitised place; empty below restored
  std::string sums_sha256;  // SHA-256 of SHA256SUMS
  std::vector<Finding> findings;
  std::vector<std::pair<std::string, std::string>> reports;  // file name, SHA-256
};

std::string to_json(const Evidence& evidence);  // holds its own digest
// Kind::Damage if malformed or its digest is wrong.
Evidence evidence_from_json(std::string_view json);

}  // namespace archive
