// Messages of the frontend/backend protocol 3.0: the few that the tap writes or reads itself.
//
// Failure: Kind::Connect with SQLSTATE 08P01 for bytes that are no such message.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "util/error.h"

namespace tap {

constexpr std::size_t kFrameHeaderBytes = 5;      // type, then the length that counts itself
constexpr std::size_t kMaxStartupBytes = 10'000;  // as in the server (MAX_STARTUP_PACKET_LENGTH)
constexpr std::size_t kMaxAuthBytes = 65'536;

// Network order. Inline: it is asked for every row that passes.
inline std::uint32_t read_u32(const char* bytes) noexcept {
  std::uint32_t value = 0;
  for (int n = 0; n < 4; ++n) value = (value << 8) | static_cast<unsigned char>(bytes[n]);
  return value;
}

// Builds one message: Message('Z').byte('I').bytes().
class Message {
 public:
  explicit Message(char type) : bytes_{type, 0, 0, 0, 0} {}
  Message& byte(char value);
  Message& int32(std::uint32_t value);
  Message& text(std::string_view value);  // with the final zero byte
  Message& raw(std::string_view value);
  std::string bytes() const;  // with its length

 private:
  std::string bytes_;
};

// Takes a payload apart, front to back.
class Reader {
 public:
  explicit Reader(std::string_view payload) : rest_(payload) {}
  bool at_end() const noexcept { return rest_.empty(); }
  char byte();
  std::uint32_t int32();
  std::string_view text();                   // up to a zero byte, which must be there
  std::string_view text_or_rest() noexcept;  // for payloads that were cut
  std::string_view rest() noexcept { return rest_; }

 private:
  std::string_view rest_;
};

struct SslRequest {};
struct GssRequest {};
struct CancelKey {
  std::uint32_t pid = 0;
  std::uint32_t key = 0;
};
struct Startup {
  std::uint32_t minor = 0;                        // of protocol 3
  std::map<std::string, std::string> parameters;  // user, database, options, GUCs …
  std::vector<std::string> extensions;            // names beginning with _pq_.: none is known
};
using FirstPacket = std::variant<SslRequest, GssRequest, CancelKey, Startup>;

// `packet`: all after the length.
FirstPacket parse_first_packet(std::string_view packet);

// Field code ('C', 'M' …) to text, of an ErrorResponse or a NoticeResponse.
std::map<char, std::string> parse_error_fields(std::string_view payload);

// FATAL, from `error`; without SQLSTATE it is a connection failure.
std::string fatal_response(const util::Error& error);

}  // namespace tap
