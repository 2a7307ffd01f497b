#include "util/secret.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <ostream>

#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace util {

std::ostream& operator<<(std::ostream& out, const Secret&) { return out << "***"; }

void Scrubber::add(const Secret& secret) {
  if (secret.reveal().size() < 2) return;
  constexpr std::string_view kUnreserved = "-._~";
  std::string encoded;
  for (const char c : secret.reveal()) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       kUnreserved.find(c) != std::string_view::npos;
    encoded += plain ? std::string(1, c) : "%" + hex(std::as_bytes(std::span(&c, 1)));
  }
  forms_.push_back(secret.reveal());
  if (encoded != secret.reveal()) {
    std::string upper = encoded;
    for (std::size_t at = upper.find('%'); at != std::string::npos; at = upper.find('%', at + 1)) {
      for (std::size_t n = at + 1; n < std::min(at + 3, upper.size()); ++n) {
        if (upper[n] >= 'a' && upper[n] <= 'f') upper[n] = static_cast<char>(upper[n] - 'a' + 'A');
      }
    }
    forms_.push_back(encoded);
    forms_.push_back(upper);
  }
  // The longest first: a secret that contains another must not leave a remainder.
  std::sort(forms_.begin(), forms_.end(),
            [](const std::string& a, const std::string& b) { return a.size() > b.size(); });
}

std::string Scrubber::scrub(std::string text) const {
  for (const std::string& form : forms_) text = replace_all(std::move(text), form, "***");
  return text;
}

std::size_t Scrubber::held_back(std::string_view text) const noexcept {
  for (std::size_t length = std::min(text.size(), longest()); length > 0; --length) {
    const std::string_view tail = text.substr(text.size() - length);
    for (const std::string& form : forms_) {
      if (form.size() > length && std::string_view(form).substr(0, length) == tail) return length;
    }
  }
  return 0;
}

std::size_t Scrubber::longest() const noexcept {
  return forms_.empty() ? 0 : forms_.front().size();
}

Secret random_secret(std::size_t bytes) {
  std::vector<std::byte> raw(bytes);
  if (getrandom(raw.data(), raw.size(), 0) != static_cast<ssize_t>(raw.size())) {
    throw Error(Kind::Io, cat("cannot get random bytes from the kernel: ", errno_text(errno)));
  }
  return Secret(hex(raw));
}

}  // namespace util
