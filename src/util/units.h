// Durations and sizes as people write and read them (contracts.md K6).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace util {

std::optional<std::chrono::milliseconds> parse_duration(
    std::string_view text);  // 1h30m, 2s, 500ms, 7d
std::optional<std::uint64_t> parse_size(
    std::string_view text);  // bytes: 512MB (10^6), 1.5GiB (2^30), 4096

std::string show_duration(
    std::chrono::duration<double> duration);  // 0.04 s, 4.9 s, 2 min 03 s, 1 h 05 min
std::string show_size(std::uint64_t bytes);   // 312 MB, 1.7 GB
std::string show_count(std::uint64_t count);  // 8 130 660
// `noun` takes an s for its plural: 1 file, 3 files, 0 files.
std::string show_counted(std::uint64_t count, std::string_view noun);

}  // namespace util
