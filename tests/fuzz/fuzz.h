// What the targets of this folder share. Each target is a function over bytes that nobody vouches
// for; the only exception that may leave our code is util::Error, which the target swallows.
//
// With preset fuzz each target is a libFuzzer program; in every other build it is linked with
// replay.cc, which feeds it the files of its corpus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <span>
#include <string_view>

#include "util/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fuzz {

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span(data, size));
}

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};  // NOLINT: bytes as characters
}

// A property that does not hold for the input.
inline void require(bool holds, std::string_view property) {
  if (holds) return;
  std::cerr << "does not hold: " << property << '\n';
  std::abort();
}

// Whether `work` ended without a util::Error.
template <typename Work>
bool accepted(const Work& work) {
  try {
    work();
    return true;
  } catch (const util::Error& error) {
    require(!error.message().empty(), "an error says what is wrong");
    require(error.kind() != util::Kind::Bug, "bad input is not an error of ours");
    return false;
  }
}

}  // namespace fuzz
