#include "load/insert_commands.h"

#include <utility>

#include "util/text.h"

namespace load {
namespace {
constexpr std::size_t kTogetherBytes = 256U << 10U;  // of commands in one round trip, and more
}

void InsertCutter::step(char byte) {
  if (escaped_) {
    escaped_ = false;
  } else if (quote_ != 0) {
    // A doubled quote ends and begins: between the two nothing can be cut.
    if (byte == quote_) quote_ = 0;
    escaped_ = byte == '\\' && quote_ == '\'' && backslash_ == Backslash::Escapes;
  } else if (byte == '\'' || byte == '"') {
    quote_ = byte;
  }
}

void InsertCutter::add(std::span<const std::byte> bytes) {
  for (const std::byte byte : bytes) {
    const char c = static_cast<char>(byte);
    pending_ += c;
    step(c);
    if (c == ';' && quote_ == 0 && pending_.size() >= kTogetherBytes)
      put_(std::exchange(pending_, std::string()));
  }
}

void InsertCutter::finish() {
  if (!util::trim(pending_).empty()) put_(std::exchange(pending_, std::string()));
}

}  // namespace load
