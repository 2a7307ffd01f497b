#include "pg/conninfo.h"

#include <algorithm>
#include <array>

#include "pg/keywords.h"
#include "pg/url.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

constexpr std::array<std::string_view, 6> kSslModes{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};

bool is_sslmode(std::string_view text) {
  return std::find(kSslModes.begin(), kSslModes.end(), text) != kSslModes.end();
}

[[noreturn]] void refuse(std::string_view why, std::string_view hint) {
  throw util::Error(util::Kind::Usage, util::cat("the database URL is not understood: ", why),
                    {.hint = std::string(hint), .sqlstate = {}});
}

// What a query parameter means to libpq; false if it means nothing there.
bool apply_parameter(std::map<std::string, std::string>& given, const std::string& key,
                     const std::string& value) {
  if (key == "ssl") {
    const std::string lower = util::lower(value);
    if (is_sslmode(lower)) {
      given["sslmode"] = lower;  // asyncpg
    } else if (lower != "false" && lower != "0" && !given.contains("sslmode")) {
      given["sslmode"] = "verify-full";
    }
    return true;
  }
  // A walsender session understands no bound parameters.
  if (key == "replication" || !libpq_keywords().contains(key)) return false;
  given[key] = key == "sslmode" && value == "no-verify" ? "require" : value;
  return true;
}

std::map<std::string, std::string> from_url(const Url& url, std::vector<std::string>& ignored) {
  std::map<std::string, std::string> given;
  const auto put = [&](const char* keyword, std::string value) {
    if (!value.empty()) given[keyword] = std::move(value);
  };
  const Hosts hosts = split_hosts(url.raw_hosts);
  put("host", hosts.hosts);
  put("port", hosts.ports);
  put("user", percent_decode(url.raw_user));
  put("password", url.password.value_or(""));
  put("dbname", percent_decode(url.raw_database));
  for (const auto& [key, value] : url.parameters) {
    if (!apply_parameter(given, key, value)) ignored.push_back(key);
  }
  if (url.jdbc() && !given.contains("host")) given["host"] = "localhost";  // the driver's default
  return given;
}

std::map<std::string, std::string> from_conninfo(std::string_view text) {
  std::map<std::string, std::string> given;
  for (const auto& [key, value] : parse_conninfo(text)) {
    // The word is not shown: behind an unquoted blank it may be a part of the password.
    if (!libpq_keywords().contains(key)) {
      refuse("libpq does not know one of its keywords",
             "Put single quotes around values that hold blanks.");
    }
    given[key] = value;
  }
  return given;
}

void check_ports(const std::map<std::string, std::string>& given) {
  const auto port = given.find("port");
  if (port == given.end()) return;
  for (const std::string_view one : util::split(port->second, ',')) {
    const std::optional<std::uint64_t> number = util::parse_u64(one);
    if (!one.empty() && (!number || *number == 0 || *number > 65535)) {
      refuse("the port is not a number between 1 and 65535",
             "A password with @ / ? # or % must be percent-encoded, else its end is taken for host "
             "and port.");
    }
  }
}

std::string value_of(const std::map<std::string, std::string>& options,
                     const std::string& keyword) {
  const auto found = options.find(keyword);
  return found == options.end() ? std::string() : found->second;
}

}  // namespace

ConnInfo ConnInfo::parse(std::string_view text) {
  ConnInfo info;
  text = util::trim(text);
  info.original_ = text;
  if (text.find('\0') != std::string_view::npos)
    refuse("it holds a zero byte", "Check where the text comes from.");
  const std::optional<Url> url = parse_url(text);
  const std::map<std::string, std::string> given =
      url ? from_url(*url, info.ignored_) : from_conninfo(text);
  check_ports(given);
  const auto sslmode = given.find("sslmode");
  if (sslmode != given.end() && !sslmode->second.empty() && !is_sslmode(sslmode->second)) {
    refuse("its sslmode is unknown",
           "It can be disable, allow, prefer, require, verify-ca or verify-full.");
  }
  std::optional<std::map<std::string, std::string>> resolved = resolve(given);
  if (!resolved) {
    refuse("libpq refuses one of its values, or the service it names is not defined",
           "Check its parameters, the PG* environment variables and the service file.");
  }
  info.options_ = std::move(*resolved);
  info.password_ = util::Secret(value_of(info.options_, "password"));
  info.options_.erase("password");
  return info;
}

std::string ConnInfo::host() const {
  const std::string host = value_of(options_, "host");
  return host.empty() ? value_of(options_, "hostaddr") : host;
}
std::string ConnInfo::port() const { return value_of(options_, "port"); }
std::string ConnInfo::user() const { return value_of(options_, "user"); }
std::string ConnInfo::database() const { return value_of(options_, "dbname"); }

ConnInfo ConnInfo::with_database(std::string_view name) const {
  return with_option("dbname", name);
}

ConnInfo ConnInfo::with_option(std::string_view keyword, std::string_view value) const {
  PGBELAY_ASSERT(keyword != "password");
  ConnInfo changed = *this;
  changed.options_[std::string(keyword)] = value;
  return changed;
}

std::string ConnInfo::display() const {
  std::string where = host();
  if (where.empty()) where = "(socket)";
  if (where.find(':') != std::string::npos) where = util::cat('[', where, ']');
  return util::printable(
      util::cat(user(), '@', where, port().empty() ? "" : ":", port(), '/', database()));
}

std::string ConnInfo::sanitised() const {
  Url url;
  url.scheme = "postgresql://";
  url.raw_user = percent_encode(user());
  url.raw_hosts =
      host().find(',') == std::string::npos ? host_and_port(host(), port()) : std::string();
  url.raw_database = percent_encode(database());
  for (const auto& [keyword, value] : options_) {
    const auto known = libpq_keywords().find(keyword);
    if (known == libpq_keywords().end() || known->second.secret || value == known->second.fallback)
      continue;
    if (keyword == "user" || keyword == "dbname" || keyword == "passfile") continue;
    if (!url.raw_hosts.empty() && (keyword == "host" || keyword == "port")) continue;
    url.parameters.emplace_back(keyword, value);
  }
  return format_url(url);
}

std::vector<std::string> ConnInfo::environment() const {
  std::vector<std::string> lines;
  for (const auto& [keyword, value] : options_) {
    const auto known = libpq_keywords().find(keyword);
    if (known == libpq_keywords().end() || known->second.variable.empty() || value.empty())
      continue;
    lines.push_back(util::cat(known->second.variable, '=', value));
  }
  if (!password_.empty()) lines.push_back(util::cat("PGPASSWORD=", password_.reveal()));
  return lines;
}

std::vector<std::string> ConnInfo::environment_variables() {
  std::vector<std::string> names;
  for (const auto& [keyword, known] : libpq_keywords()) {
    if (!known.variable.empty()) names.push_back(known.variable);
  }
  // Read by libpq without being the default of a keyword.
  for (const char* const name : {"PGSERVICEFILE", "PGSYSCONFDIR", "PGREQUIRESSL", "PGGSSLIB"}) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
  }
  return names;
}

}  // namespace pg
