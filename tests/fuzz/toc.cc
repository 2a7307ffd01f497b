// Header and contents of an archive: what is read can be written and reads the same.
#include "archive/toc.h"

#include "fuzz/fuzz.h"

namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

void check(const archive::ParsedToc& parsed) {
  const std::string once = archive::encode_toc(parsed.toc).bytes;
  const archive::ParsedToc again = archive::parse_toc(bytes_of(once));
  fuzz::require(again.end == once.size(), "what we write is read to its end");
  fuzz::require(archive::encode_toc(again.toc).bytes == once, "contents survive a round trip");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  archive::ParsedToc parsed;
  if (fuzz::accepted([&] { parsed = archive::parse_toc(fuzz::bytes_of(data, size)); })) {
    if (!parsed.directory) check(parsed);
  }
  return 0;
}
