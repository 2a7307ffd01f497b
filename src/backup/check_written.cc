// Level `written`: every file is there and is what the sums say, and the evidence belongs to it.
#include <algorithm>
#include <map>
#include <set>
#include <system_error>

#include "backup/backup.h"
#include "backup/files.h"
#include "backup/findings.h"
#include "codec/sha256.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace backup {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kUseAnother = "Use another backup, or a copy of this one.";

archive::Finding damage(std::string code, std::string file, std::string text) {
  archive::Finding finding;
  finding.code = std::move(code);
  finding.text = util::cat(util::printable(file), ": ", text);
  finding.file = std::move(file);
  finding.hint = kUseAnother;
  return finding;
}

void check_file(const Backup& backup, const std::string& name, const std::string& sha256,
                std::optional<std::uint64_t> bytes, Findings& findings) {
  const fs::path path = backup.path / name;
  std::error_code absent;
  if (!fs::exists(path, absent)) return findings.add(damage("missing-file", name, "is missing"));
  const std::uint64_t size = fs::file_size(path);
  if (bytes && size != *bytes) {
    return findings.add(
        damage("size", name, util::cat("has ", size, " bytes, ", *bytes, " were written")));
  }
  const std::string actual = codec::sha256_of_file(path);
  if (actual != sha256) {
    findings.add(
        damage("sha256", name, util::cat("its SHA-256 is ", actual, ", ", sha256, " was written")));
  }
}

// The sums and the manifest must name the same files with the same sums.
std::map<std::string, std::string> check_sums(const Backup& backup, Findings& findings) {
  std::map<std::string, std::string> sums;
  const fs::path path = backup.path / kSumsName;
  std::error_code absent;
  if (!fs::exists(path, absent)) {
    findings.add(damage("missing-file", std::string(kSumsName), "is missing"));
    return sums;
  }
  try {
    const std::string text = util::read_text(path);
    if (codec::sha256_of(text) != backup.sums_sha256) {
      findings.add(damage("sha256", std::string(kSumsName), "is not what was written"));
    }
    for (archive::SumLine& line : archive::parse_sha256sums(text))
      sums[line.name] = std::move(line.sha256);
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Damage) throw;
    findings.add(damage("sums", std::string(kSumsName), failure.message()));
    return sums;
  }
  for (const archive::FileRecord& file : backup.manifest.files) {
    const auto line = sums.find(file.name);
    if (line == sums.end() || line->second != file.sha256) {
      findings.add(damage("sums", std::string(kSumsName),
                          util::cat("says another SHA-256 of ", util::printable(file.name),
                                    " than ", kManifestName)));
    }
  }
  return sums;
}

// Evidence may be missing; what is there must be whole and of this backup.
void check_evidence(const Backup& backup, Findings& findings) {
  const fs::path path = backup.path / kProofName;
  std::error_code absent;
  if (!fs::exists(path, absent)) return;
  archive::Evidence evidence;
  try {
    evidence = archive::evidence_from_json(util::read_text(path));
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Damage) throw;
    return findings.add(damage("proof", std::string(kProofName), failure.message()));
  }
  if (evidence.sums_sha256 != backup.sums_sha256) {
    return findings.add(
        damage("proof", std::string(kSumsName),
               util::cat("is not what ", kProofName, " was made for: one of them was changed")));
  }
  for (const auto& [name, sha256] : evidence.reports)
    check_file(backup, name, sha256, std::nullopt, findings);
}

// What nobody wrote does no harm, but somebody should know. Dot names are leftovers of a crash.
void note_extra_files(const Backup& backup, const std::map<std::string, std::string>& sums,
                      Findings& findings) {
  const std::set<std::string_view> own{kManifestName,      kSumsName,
                                       kProofName,         kPinnedName,
                                       "audit_report.txt", "verification_report.txt"};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(backup.path)) {
    if (entry.is_directory()) continue;
    const std::string name = entry.path().lexically_relative(backup.path).generic_string();
    if (sums.contains(name) || own.contains(name) ||
        entry.path().filename().string().starts_with("."))
      continue;
    archive::Finding finding = damage("extra-file", name, "was not written by the backup");
    finding.severity = archive::Severity::Note;
    finding.hint = "";
    findings.add(std::move(finding));
  }
}

}  // namespace

std::vector<archive::Finding> check_written(const Backup& backup, util::Reporter& reporter,
                                            std::stop_token stop) {
  Findings findings;
  const std::map<std::string, std::string> sums = check_sums(backup, findings);
  check_evidence(backup, findings);
  note_extra_files(backup, sums, findings);
  std::vector<Job> jobs;
  for (const archive::FileRecord& file : backup.manifest.files) {
    jobs.push_back({file.name, "", file.bytes, [&backup, &file, &findings] {
                      check_file(backup, file.name, file.sha256, file.bytes, findings);
                    }});
  }
  const auto manifest = sums.find(std::string(kManifestName));
  if (manifest != sums.end()) {
    jobs.push_back({manifest->first, "", 0, [&backup, manifest, &findings] {
                      check_file(backup, manifest->first, manifest->second, std::nullopt, findings);
                    }});
  }
  std::stable_sort(jobs.begin(), jobs.end(),
                   [](const Job& a, const Job& b) { return a.bytes > b.bytes; });
  const auto progress = [&reporter](std::uint64_t done, std::uint64_t total) {
    reporter.progress("sums", done, total);
  };
  run_jobs(std::move(jobs), 0, findings, progress, stop);
  return findings.take();
}

}  // namespace backup
