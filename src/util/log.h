// The log: what happened, for the person who looks later. Off until opened; -v shows it on stderr
// too.
//
// Threads: from any, after open().
#pragma once

#include <filesystem>
#include <string_view>

namespace util::log {

enum class Echo { Off, Stderr };

// Appends to `file` (mode 0600, created if missing) unless the path is empty.
void open(const std::filesystem::path& file, Echo echo);
void debug(std::string_view text);
void info(std::string_view text);
void warning(std::string_view text);

}  // namespace util::log
