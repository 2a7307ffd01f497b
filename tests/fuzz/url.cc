// Connection URLs and .env files, as people write them.
#include "pg/url.h"

#include "config/settings.h"
#include "fuzz/fuzz.h"
#include "pg/conninfo.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::accepted([&] {
    if (const std::optional<pg::Url> url = pg::parse_url(text)) {
      const std::optional<pg::Url> again = pg::parse_url(pg::format_url(*url));
      fuzz::require(again && pg::format_url(*again) == pg::format_url(*url),
                    "a URL survives a round trip");
    }
  });
  fuzz::accepted([&] { pg::ConnInfo::parse(text); });
  fuzz::accepted([&] { config::parse_dotenv(text); });
  return 0;
}
