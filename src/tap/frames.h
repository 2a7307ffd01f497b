// Finds the messages in a stream of bytes that arrives in pieces of any size.
//
// A message that nobody wants is stepped over by its length: nothing of it is looked at or copied,
// so a COPY costs a few instructions per row. Bytes that are no protocol end the scan for good; the
// stream itself is none of its business. Threads: one.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "tap/wire.h"

namespace tap {

constexpr std::size_t kSkip = std::numeric_limits<std::size_t>::max();

// A Handler has
//   std::size_t wanted(char type);                          how many bytes of the payload to keep,
//   or kSkip void message(char type, std::string_view payload);      at its end; the payload may
//   have been cut
class FrameScanner {
 public:
  template <typename Handler>
  void scan(std::string_view bytes, Handler& handler);

  bool at_boundary() const noexcept { return header_.empty() && left_ == 0; }
  bool broken() const noexcept { return broken_; }

 private:
  std::string header_;  // of the message whose header is incomplete
  char type_ = 0;
  std::size_t left_ = 0;  // bytes of the payload still to come
  std::size_t keep_ = kSkip;
  std::string payload_;  // what is kept so far
  bool broken_ = false;

  template <typename Handler>
  void begin(const char* header, Handler& handler);
  template <typename Handler>
  std::string_view payload(std::string_view bytes, Handler& handler);
};

template <typename Handler>
void FrameScanner::begin(const char* header, Handler& handler) {
  const std::uint32_t length = read_u32(header + 1);
  if (length < 4) {
    broken_ = true;
    return;
  }
  type_ = header[0];
  left_ = length - 4;
  keep_ = handler.wanted(type_);
  payload_.clear();
  if (left_ == 0 && keep_ != kSkip) handler.message(type_, {});
}

// Takes what belongs to the message that has begun; the rest is returned.
template <typename Handler>
std::string_view FrameScanner::payload(std::string_view bytes, Handler& handler) {
  const std::size_t take = std::min(left_, bytes.size());
  left_ -= take;
  if (keep_ != kSkip) {
    if (left_ == 0 && payload_.empty()) {  // whole, and in one piece: no copy
      handler.message(type_, bytes.substr(0, std::min(take, keep_)));
    } else {
      payload_.append(bytes.substr(0, std::min(take, keep_ - payload_.size())));
      if (left_ == 0) handler.message(type_, payload_);
    }
  }
  return bytes.substr(take);
}

template <typename Handler>
void FrameScanner::scan(std::string_view bytes, Handler& handler) {
  while (!bytes.empty() && !broken_) {
    if (left_ > 0) {
      bytes = payload(bytes, handler);
    } else if (header_.empty() && bytes.size() >= kFrameHeaderBytes) {
      begin(bytes.data(), handler);
      bytes.remove_prefix(kFrameHeaderBytes);
    } else {
      const std::size_t take = std::min(kFrameHeaderBytes - header_.size(), bytes.size());
      header_.append(bytes.substr(0, take));
      bytes.remove_prefix(take);
      if (header_.size() < kFrameHeaderBytes) return;
      begin(header_.data(), handler);
      header_.clear();
    }
  }
}

}  // namespace tap
