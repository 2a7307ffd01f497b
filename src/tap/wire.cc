#include "tap/wire.h"

#include "util/text.h"

namespace tap {

namespace {

constexpr std::uint32_t kSslRequest = 80'877'103;
constexpr std::uint32_t kGssRequest = 80'877'104;
constexpr std::uint32_t kCancelRequest = 80'877'102;

util::Error malformed(std::string_view what) {
  return {util::Kind::Connect, util::cat("malformed message: ", what), {.sqlstate = "08P01"}};
}

}  // namespace

Message& Message::byte(char value) {
  bytes_ += value;
  return *this;
}

Message& Message::int32(std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) bytes_ += static_cast<char>((value >> shift) & 0xFF);
  return *this;
}

Message& Message::text(std::string_view value) {
  bytes_ += value;
  bytes_ += '\0';
  return *this;
}

Message& Message::raw(std::string_view value) {
  bytes_ += value;
  return *this;
}

std::string Message::bytes() const {
  std::string out = bytes_;
  const auto length = static_cast<std::uint32_t>(out.size() - 1);
  for (std::size_t n = 0; n < 4; ++n)
    out[1 + n] = static_cast<char>((length >> (24 - 8 * n)) & 0xFF);
  return out;
}

char Reader::byte() {
  if (rest_.empty()) throw malformed("it ends too early");
  const char value = rest_.front();
  rest_.remove_prefix(1);
  return value;
}

std::uint32_t Reader::int32() {
  if (rest_.size() < 4) throw malformed("it ends too early");
  const std::uint32_t value = read_u32(rest_.data());
  rest_.remove_prefix(4);
  return value;
}

std::string_view Reader::text() {
  if (rest_.find('\0') == std::string_view::npos) throw malformed("a text has no end");
  return text_or_rest();
}

std::string_view Reader::text_or_rest() noexcept {
  const std::size_t end = rest_.find('\0');
  const std::string_view value = rest_.substr(0, end);
  rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
  return value;
}

FirstPacket parse_first_packet(std::string_view packet) {
  Reader reader(packet);
  const std::uint32_t code = reader.int32();
  if (code == kSslRequest) return SslRequest{};
  if (code == kGssRequest) return GssRequest{};
  if (code == kCancelRequest) {
    const std::uint32_t pid = reader.int32();
    return CancelKey{.pid = pid, .key = reader.int32()};
  }
  if (code >> 16 != 3) {
    throw util::Error(
        util::Kind::Connect, util::cat("protocol version ", code >> 16, " is not supported"),
        {.hint = "use a client that speaks protocol 3 (2003 and later)", .sqlstate = "0A000"});
  }
  Startup startup{.minor = code & 0xFFFF};
  while (true) {
    const std::string_view name = reader.text();
    if (name.empty()) break;
    const std::string_view value = reader.text();
    if (name.starts_with("_pq_.")) {
      startup.extensions.emplace_back(name);
    } else {
      startup.parameters.insert_or_assign(std::string(name), std::string(value));
    }
  }
  return startup;
}

std::map<char, std::string> parse_error_fields(std::string_view payload) {
  std::map<char, std::string> fields;
  Reader reader(payload);
  while (!reader.at_end()) {
    const char code = reader.byte();
    if (code == '\0') break;
    fields.insert_or_assign(code, std::string(reader.text_or_rest()));
  }
  return fields;
}

std::string fatal_response(const util::Error& error) {
  Message message('E');
  message.byte('S').text("FATAL").byte('V').text("FATAL");
  message.byte('C').text(error.sqlstate().empty() ? "08006" : error.sqlstate());
  message.byte('M').text(error.message());
  if (!error.hint().empty()) message.byte('H').text(error.hint());
  return message.byte('\0').bytes();
}

}  // namespace tap
