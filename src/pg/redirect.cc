// ConnInfo::redirected(): the URL of the guarded command.
//
// What is not replaced stays in its form and order, because applications read parameters of their
// own out of the same text (?schema=, ?connection_limit=). Removed is what leads elsewhere than to
// the tap, or insists on TLS, which ends at the tap (postgres-hazards.md F7).
#include <algorithm>
#include <array>

#include "pg/conninfo.h"
#include "pg/url.h"
#include "util/text.h"

namespace pg {
namespace {

// Lower case, without underscores: libpq's names and those of JDBC and others differ in that only.
constexpr std::array<std::string_view, 18> kElsewhere{"host",
                                                      "hostaddr",
                                                      "port",
                                                      "password",
                                                      "passfile",
                                                      "service",
                                                      "channelbinding",
                                                      "gssencmode",
                                                      "gsslib",
                                                      "gssdelegation",
                                                      "krbsrvname",
                                                      "requirepeer",
                                                      "requireauth",
                                                      "requiressl",
                                                      "targetsessionattrs",
                                                      "targetservertype",
                                                      "loadbalancehosts",
                                                      "hostrecheckseconds"};

bool leads_elsewhere(std::string_view key) {
  const std::string name = util::replace_all(util::lower(key), "_", "");
  return name.starts_with("ssl") ||
         std::find(kElsewhere.begin(), kElsewhere.end(), name) != kElsewhere.end();
}

void drop_what_leads_elsewhere(Parameters& parameters) {
  std::erase_if(parameters, [](const auto& parameter) { return leads_elsewhere(parameter.first); });
}

std::string take(Parameters& parameters, std::string_view key) {
  std::string value;
  for (const auto& [name, text] : parameters) {
    if (name == key) value = text;
  }
  std::erase_if(parameters, [&](const auto& parameter) { return parameter.first == key; });
  return value;
}

void set(Parameters& parameters, std::string_view key, std::string_view value) {
  for (auto& [name, text] : parameters) {
    if (name == key) {
      text = value;
      return;
    }
  }
  parameters.emplace_back(key, value);
}

// Drivers that hand unknown parameters to Python know the word under another name, or not at all.
void refuse_tls(Url& url) {
  if (url.driver() == "pg8000") return;
  url.parameters.emplace_back(url.driver() == "asyncpg" ? "ssl" : "sslmode", "disable");
}

struct Replacement {
  std::string_view host;
  std::string_view port;
  const std::string& password;
  std::string user;
  std::string database;
};

std::string redirected_url(Url url, const Replacement& to) {
  drop_what_leads_elsewhere(url.parameters);
  url.raw_hosts = host_and_port(to.host, to.port);
  const std::string named = take(url.parameters, "dbname");
  if (!named.empty() || percent_decode(url.raw_database) != to.database)
    url.raw_database = percent_encode(to.database);
  if (url.jdbc()) {
    url.raw_user.clear();
    url.password.reset();
    set(url.parameters, "user", to.user);
    set(url.parameters, "password", to.password);
  } else {
    if (!take(url.parameters, "user").empty() || url.raw_user.empty())
      url.raw_user = percent_encode(to.user);
    url.password = to.password;
  }
  refuse_tls(url);
  return format_url(url);
}

std::string redirected_conninfo(Parameters pairs, const Replacement& to) {
  drop_what_leads_elsewhere(pairs);
  set(pairs, "host", to.host);
  set(pairs, "port", to.port);
  set(pairs, "user", to.user);
  set(pairs, "password", to.password);
  set(pairs, "dbname", to.database);
  set(pairs, "sslmode", "disable");
  return format_conninfo(pairs);
}

}  // namespace

util::Secret ConnInfo::redirected(std::string_view host, std::string_view port,
                                  const util::Secret& password) const {
  const Replacement to{.host = host,
                       .port = port,
                       .password = password.reveal(),
                       .user = user(),
                       .database = database()};
  if (original_.empty()) {
    Url plain;
    plain.scheme = "postgresql://";
    return util::Secret(redirected_url(std::move(plain), to));
  }
  if (std::optional<Url> url = parse_url(original_))
    return util::Secret(redirected_url(std::move(*url), to));
  return util::Secret(redirected_conninfo(parse_conninfo(original_), to));
}

}  // namespace pg
