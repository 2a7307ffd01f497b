// Passwords and keys: they print as *** everywhere and never enter the arguments of a child
// process.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

namespace util {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}

  // The one way to the text: name the reason at the call.
  const std::string& reveal() const noexcept { return value_; }
  bool empty() const noexcept { return value_.empty(); }

 private:
  std::string value_;
};

std::ostream& operator<<(std::ostream& out, const Secret& secret);  // ***

// Replaces known secrets in text that is shown or kept. Empty and one-byte secrets are ignored.
//
// Threads: add() before the scrubber is shared; scrub() from any.
class Scrubber {
 public:
  void add(const Secret& secret);  // also its percent-encoded form, as it stands in URLs
  std::string scrub(std::string text) const;
  // How many bytes at the end of `text` may be the beginning of a secret: for callers that scrub
  // streams.
  std::size_t held_back(std::string_view text) const noexcept;
  std::size_t longest()
      const noexcept;  // bytes of the longest form, for callers that scrub streams

 private:
  std::vector<std::string> forms_;
};

// A new random secret of `bytes` random bytes, as hexadecimal digits, from the kernel.
Secret random_secret(std::size_t bytes);

}  // namespace util
