// What is known of the room on the disk of the guarded database's server (postgres-hazards.md F9).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace guard {

struct ServerRoom {
  std::optional<std::uint64_t> stated = {};          // bytes, by the operator
  std::optional<std::filesystem::path> folder = {};  // where the server writes, if it is here
};

}  // namespace guard
