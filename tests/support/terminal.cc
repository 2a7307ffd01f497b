#include "support/terminal.h"

#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <string>

namespace test {

Terminal::Terminal() {
  std::array<char, 128> name{};
  if (::openpty(&master_, &slave_, name.data(), nullptr, nullptr) != 0) {
    ADD_FAILURE() << "no terminal can be made";
    return;
  }
  path_ = name.data();
}

Terminal::~Terminal() {
  for (const int fd : {master_, slave_})
    if (fd >= 0) ::close(fd);
}

void Terminal::type(std::string_view line) const {
  const std::string text = std::string(line) + "\n";
  EXPECT_EQ(::write(master_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
}

}  // namespace test
