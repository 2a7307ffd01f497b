// Somebody at a terminal: what he types is the standard input of a program.
#pragma once

#include <filesystem>
#include <string_view>

namespace test {

class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  void type(std::string_view line) const;  // and Enter

 private:
  int master_ = -1;
  int slave_ = -1;  // open, so that it is there before the program opens it and after it has ended
  std::filesystem::path path_;
};

}  // namespace test
