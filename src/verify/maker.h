// The one place where a Proof is made. Private to this module.
#pragma once

#include <optional>
#include <utility>

#include "archive/evidence.h"
#include "backup/backup.h"
#include "swap/swap.h"
#include "verify/proof.h"

namespace verify {

class Maker {
 public:
  // Of what has been shown just now, or was shown and still holds.
  static Proof proof(const backup::Backup& backup, const archive::Evidence& evidence,
                     std::optional<swap::SealRecord> copy) {
    Proof made;
    made.level_ = evidence.level;
    made.definition_ = evidence.definition;
    made.backup_name_ = backup.manifest.name;
    made.sums_sha256_ = backup.sums_sha256;
    made.database_ = backup.manifest.database;
    made.copy_ = std::move(copy);
    return made;
  }

  // The same copy after it was caught up.
  static Proof caught_up(const Proof& proven, swap::SealRecord copy) {
    Proof made;
    made.level_ = proven.level_;
    made.definition_ = proven.definition_;
    made.backup_name_ = proven.backup_name_;
    made.sums_sha256_ = proven.sums_sha256_;
    made.database_ = proven.database_;
    made.copy_ = std::move(copy);
    return made;
  }
};

}  // namespace verify
