// What clients and servers send through the tap. The first byte says how large the pieces are in
// which the rest arrives.
#include "tap/wire.h"

#include <algorithm>
#include <string>

#include "fuzz/fuzz.h"
#include "tap/frames.h"
#include "tap/statement_log.h"

namespace {

struct Recorder {
  tap::StatementLog log;
  std::size_t seen = 0;
  bool client = true;
  std::size_t wanted(char type) const {
    return client ? tap::StatementLog::wanted_from_client(type)
                  : tap::StatementLog::wanted_from_server(type);
  }
  void message(char type, std::string_view payload) {
    ++seen;
    fuzz::accepted([&] {
      if (client) {
        log.client_sent(type, payload);
      } else {
        log.server_sent(type, payload);
      }
    });
  }
};

std::size_t messages(std::string_view text, std::size_t piece, bool client) {
  Recorder recorder{.client = client};
  tap::FrameScanner scanner;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    scanner.scan(text.substr(at, piece), recorder);
  }
  return recorder.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = std::size_t{data[0]} + 1;
  const std::string_view text = fuzz::text_of(data, size).substr(1);
  for (const bool client : {true, false}) {
    fuzz::require(
        messages(text, piece, client) == messages(text, std::max<std::size_t>(1, size), client),
        "messages do not depend on how their bytes arrive");
  }
  fuzz::accepted([&] { tap::parse_first_packet(text); });
  fuzz::accepted([&] { tap::parse_error_fields(text); });
  return 0;
}
