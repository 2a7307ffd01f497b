// Evidence that a backup restores, as a value that only `verify` makes (contracts.md K2).
#pragma once

#include <optional>
#include <string>

#include "swap/swap.h"

namespace archive {
enum class Level;  // archive/evidence.h: what only holds a proof on need not see the formats
}

namespace verify {

// Moves; cannot be copied or invented.
class Proof {
 public:
  archive::Level level() const noexcept { return level_; }
  const std::string& backup_name() const noexcept { return backup_name_; }
  int definition() const noexcept { return definition_; }  // of "proven": Evidence::definition
  const std::string& sums_sha256() const noexcept { return sums_sha256_; }
  const std::string& database() const noexcept { return database_; }  // the live one it was made of
  const std::optional<swap::SealRecord>& copy() const noexcept {
    return copy_;
  }  // from `restored` on, if kept
  Proof(Proof&&) noexcept = default;
  Proof& operator=(Proof&&) noexcept = default;

 private:
  friend class Maker;
  Proof() = default;
  archive::Level level_{};
  int definition_ = 1;
  std::string backup_name_, sums_sha256_, database_;
  std::optional<swap::SealRecord> copy_;
};

}  // namespace verify
