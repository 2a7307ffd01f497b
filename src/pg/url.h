// The URL forms of applications as text: split, decoded, put together again. Knows nothing of
// libpq.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace pg {

using Parameters = std::vector<std::pair<std::string, std::string>>;  // decoded, in their order

// Raw parts are kept beside decoded ones, so that what is not replaced stays as it was written.
struct Url {
  std::string scheme;    // up to and with "://": "postgresql://", "jdbc:postgresql://"
  std::string raw_user;  // percent-encoded as given
  std::optional<std::string> password;  // decoded
  std::string raw_hosts;                // "h1:p1,h2", "[::1]:5432"
  std::string raw_database;
  Parameters parameters;

  bool jdbc() const { return scheme.starts_with("jdbc:"); }
  std::string driver() const;  // "asyncpg" of postgresql+asyncpg://, else empty
};

// Nothing if the text has none of the schemes. Throws Kind::Usage, without the text, if it is
// malformed.
std::optional<Url> parse_url(std::string_view text);
std::string format_url(const Url& url);

// "h1,h2" and "p1,p2" as libpq wants them; both empty if there are none.
struct Hosts {
  std::string hosts;
  std::string ports;
};
Hosts split_hosts(std::string_view raw_hosts);
std::string host_and_port(std::string_view host, std::string_view port);  // encoded for a URL

std::string percent_encode(std::string_view text);
std::string percent_decode(std::string_view text);  // throws Kind::Usage

// Key and value pairs of a conninfo string. Throws Kind::Usage, without the text, if it is
// malformed.
Parameters parse_conninfo(std::string_view text);
std::string format_conninfo(const Parameters& pairs);

}  // namespace pg
