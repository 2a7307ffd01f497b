#include "pg/url.h"

#include <array>

#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

[[noreturn]] void malformed(std::string_view why) {
  throw util::Error(
      util::Kind::Usage, util::cat("the database URL is not understood: ", why),
      {.hint =
           "Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE; characters such as @ / ? # % in "
           "a name or password must be percent-encoded (@ is %40, / is %2F).",
       .sqlstate = {}});
}

// The length of the scheme with "://" (or of "jdbc:postgresql:", whose slashes may be missing).
std::size_t scheme_length(std::string_view text) {
  const std::string lower = util::lower(text.substr(0, 64));
  for (const std::string_view plain : {"postgres://", "postgresql://", "jdbc:postgresql:"}) {
    if (lower.starts_with(plain)) return plain.size();
  }
  for (const std::string_view with_driver : {"postgres+", "postgresql+"}) {
    const std::size_t end = lower.find("://");
    if (!lower.starts_with(with_driver) || end == std::string::npos) continue;
    const std::string_view driver =
        std::string_view(lower).substr(with_driver.size(), end - with_driver.size());
    if (driver.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") ==
        std::string_view::npos)
      return end + 3;
  }
  return 0;
}

Parameters parse_parameters(std::string_view raw, bool plus_is_space) {
  Parameters parameters;
  if (raw.empty()) return parameters;
  for (const std::string_view pair : util::split(raw, '&')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) malformed("a query parameter has no value");
    std::string value(pair.substr(equals + 1));
    if (plus_is_space) value = util::replace_all(std::move(value), "+", "%20");
    parameters.emplace_back(percent_decode(pair.substr(0, equals)), percent_decode(value));
  }
  return parameters;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr std::string_view kSpace = " \t\r\n\v\f";

// One conninfo value beginning at `text`; removes it from there.
std::string take_value(std::string_view& text) {
  const bool quoted = text.starts_with('\'');
  if (quoted) text.remove_prefix(1);
  std::string value;
  while (!text.empty()) {
    const char c = text.front();
    if (quoted ? c == '\'' : kSpace.find(c) != std::string_view::npos) break;
    text.remove_prefix(1);
    if (c != '\\') {
      value += c;
    } else if (!text.empty()) {
      value += text.front();
      text.remove_prefix(1);
    }
  }
  if (quoted) {
    if (text.empty()) malformed("a quoted value has no end");
    text.remove_prefix(1);
  }
  return value;
}

void skip_space(std::string_view& text) {
  text.remove_prefix(std::min(text.size(), text.find_first_not_of(kSpace)));
}

}  // namespace

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 15U];
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] != '%') {
      out += text[n];
      continue;
    }
    if (n + 2 >= text.size()) malformed("a % is not followed by two hexadecimal digits");
    const int high = hex_digit(text[n + 1]);
    const int low = hex_digit(text[n + 2]);
    if (high < 0 || low < 0) malformed("a % is not followed by two hexadecimal digits");
    if (high == 0 && low == 0) malformed("it holds a zero byte (%00)");
    out += static_cast<char>(high * 16 + low);
    n += 2;
  }
  return out;
}

std::string Url::driver() const {
  const std::size_t plus = scheme.find('+');
  if (plus == std::string::npos) return {};
  return scheme.substr(plus + 1, scheme.find(':') - plus - 1);
}

std::optional<Url> parse_url(std::string_view text) {
  const std::size_t prefix = scheme_length(text);
  if (prefix == 0) return std::nullopt;
  Url url;
  url.scheme = text.substr(0, prefix);
  std::string_view rest = text.substr(prefix);
  bool authority_follows = true;
  if (url.jdbc()) {
    authority_follows = rest.starts_with("//");
    url.scheme += "//";
    if (authority_follows) rest.remove_prefix(2);
  }
  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos) {
    url.parameters = parse_parameters(rest.substr(question + 1), url.jdbc());
    rest = rest.substr(0, question);
  }
  const std::size_t slash = authority_follows ? rest.find('/') : 0;
  std::string_view authority = rest.substr(0, slash);
  if (slash != std::string_view::npos) {
    url.raw_database = rest.substr(slash);
    if (url.raw_database.starts_with('/')) url.raw_database.erase(0, 1);
  }
  // Most likely a password with a bare slash: what follows it must not show up as a database name.
  if (url.raw_database.find('@') != std::string::npos) malformed("the database name holds an @");

  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    const std::size_t colon = user.find(':');
    url.raw_user = user.substr(0, colon);
    if (colon != std::string_view::npos) url.password = percent_decode(user.substr(colon + 1));
    authority.remove_prefix(at + 1);
  }
  url.raw_hosts = authority;
  return url;
}

std::string format_url(const Url& url) {
  std::string out = url.scheme;
  if (!url.raw_user.empty() || url.password) {
    out += url.raw_user;
    if (url.password) out += util::cat(':', percent_encode(*url.password));
    out += '@';
  }
  out += util::cat(url.raw_hosts, '/', url.raw_database);
  char separator = '?';
  for (const auto& [key, value] : url.parameters) {
    out += util::cat(separator, percent_encode(key), '=', percent_encode(value));
    separator = '&';
  }
  return out;
}

Hosts split_hosts(std::string_view raw_hosts) {
  std::vector<std::string> hosts;
  std::vector<std::string> ports;
  bool any_port = false;
  for (const std::string_view item : util::split(raw_hosts, ',')) {
    std::string_view host = item;
    std::string_view port;
    std::size_t colon = item.find(':');
    if (item.starts_with('[')) {
      const std::size_t close = item.find(']');
      if (close == std::string_view::npos) malformed("an IPv6 address has no closing bracket");
      host = item.substr(1, close - 1);
      colon = close + 1 < item.size() ? close + 1 : std::string_view::npos;
      if (colon != std::string_view::npos && item[colon] != ':')
        malformed("a colon is missing behind a ]");
    } else {
      host = item.substr(0, colon);
    }
    if (colon != std::string_view::npos) port = item.substr(colon + 1);
    any_port = any_port || !port.empty();
    hosts.push_back(percent_decode(host));
    ports.push_back(percent_decode(port));
  }
  return {.hosts = util::join(hosts, ","),
          .ports = any_port ? util::join(ports, ",") : std::string()};
}

std::string host_and_port(std::string_view host, std::string_view port) {
  const bool address = host.find(':') != std::string_view::npos;
  std::string out = address ? util::cat('[', host, ']') : percent_encode(host);
  if (!port.empty()) out += util::cat(':', port);
  return out;
}

Parameters parse_conninfo(std::string_view text) {
  Parameters pairs;
  for (skip_space(text); !text.empty(); skip_space(text)) {
    const std::size_t end = text.find_first_of("= \t\r\n\v\f");
    const std::string_view key = text.substr(0, end);
    text.remove_prefix(key.size());
    skip_space(text);
    if (key.empty() || !text.starts_with('='))
      malformed("it is no URL, and not made of KEYWORD=VALUE pairs either");
    text.remove_prefix(1);
    skip_space(text);
    pairs.emplace_back(key, take_value(text));
  }
  return pairs;
}

std::string format_conninfo(const Parameters& pairs) {
  std::vector<std::string> parts;
  for (const auto& [key, value] : pairs) {
    std::string escaped = util::replace_all(value, "\\", "\\\\");
    parts.push_back(util::cat(key, "='", util::replace_all(std::move(escaped), "'", "\\'"), '\''));
  }
  return util::join(parts, " ");
}

}  // namespace pg
