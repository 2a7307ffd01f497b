// The JSON files beside a backup, and its list of sums.
#include "archive/manifest.h"

#include "archive/evidence.h"
#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  archive::Manifest manifest;
  if (fuzz::accepted([&] { manifest = archive::manifest_from_json(text); })) {
    const std::string once = archive::to_json(manifest);
    fuzz::require(archive::to_json(archive::manifest_from_json(once)) == once,
                  "a manifest survives a round trip");
  }
  fuzz::accepted([&] { archive::evidence_from_json(text); });
  fuzz::accepted([&] { archive::parse_sha256sums(text); });
  return 0;
}
