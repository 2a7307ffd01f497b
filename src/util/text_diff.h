// What two texts of several lines differ in, as diff -u tells it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace util {

// The lines that differ, "- " of `before` and "+ " of `after`, with `context` lines that both have
// around them ("  "), and "@@ line N @@" (of `before`) in front of every stretch. Nothing if the
// texts are equal. Texts that have very little in common are told as one gone and one new.
std::vector<std::string> diff_lines(std::string_view before, std::string_view after,
                                    std::size_t context = 3);

}  // namespace util
