#include "archive/manifest.h"
#include "codec/sha256.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "verify/maker.h"
#include "verify/verify.h"

namespace verify {
namespace {

using util::cat;
using util::Error;
using util::Kind;

constexpr std::string_view kSums = "SHA256SUMS";
constexpr std::string_view kManifest = "manifest.json";

[[noreturn]] void no_proof(const backup::Backup& backup, std::string_view why, std::string hint) {
  throw Error(Kind::Proof,
              cat("there is no valid proof of ", util::printable(backup.manifest.name), ": ", why),
              {.hint = std::move(hint), .sqlstate = {}});
}

const archive::Evidence& require_evidence(const backup::Backup& backup) {
  const std::string again = cat("Run: pgbelay verify ", backup.manifest.name, " --level proven");
  if (!backup.evidence)
    no_proof(backup, "proof.json is missing or belongs to another backup", again);
  const archive::Evidence& evidence = *backup.evidence;
  if (evidence.sums_sha256 != backup.sums_sha256)
    no_proof(backup, "proof.json belongs to another backup", again);
  if (evidence.damaged)
    no_proof(backup, "the backup is damaged", "Choose another backup: pgbelay list");
  return evidence;
}

// The chain from the proof to the manifest: proof.json → SHA256SUMS → manifest.json. Data files are
// read again by verify, not here: an undo must not wait for that.
void require_sums(const backup::Backup& backup) {
  const std::string hint = "The files were changed after the proof: choose another backup.";
  const std::string sums = util::read_text(backup.path / kSums);
  if (codec::sha256_of(sums) != backup.sums_sha256)
    no_proof(backup, "SHA256SUMS has changed", hint);
  for (const archive::SumLine& line : archive::parse_sha256sums(sums)) {
    if (line.name != kManifest) continue;
    if (codec::sha256_of_file(backup.path / kManifest) == line.sha256) return;
    no_proof(backup, "manifest.json has changed", hint);
  }
  no_proof(backup, "SHA256SUMS does not name manifest.json", hint);
}

}  // namespace

Proof recall(const backup::Backup& backup, const std::optional<swap::SealRecord>& copy,
             pg::Connection* maintenance) {
  const archive::Evidence& evidence = require_evidence(backup);
  require_sums(backup);
  if (copy) {
    PGBELAY_ASSERT(maintenance != nullptr);
    if (evidence.level < archive::Level::Restored) {
      no_proof(backup,
               cat("a copy is named, but its level is only ", archive::level_name(evidence.level)),
               "Make the copy again: pgbelay verify --level proven");
    }
    if (const std::string broken = swap::seal_broken(*maintenance, *copy); !broken.empty()) {
      no_proof(backup, cat("the seal of the copy is broken: ", broken),
               "Restore the backup instead: pgbelay restore " + backup.manifest.name);
    }
  }
  return Maker::proof(backup, evidence, copy);
}

}  // namespace verify
