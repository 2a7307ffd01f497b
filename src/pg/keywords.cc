#include "pg/keywords.h"

#include <libpq-fe.h>

#include <memory>
#include <vector>

#include "util/error.h"

namespace pg {
namespace {

using Options = std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)>;

std::string or_empty(const char* text) {
  return text == nullptr ? std::string() : std::string(text);
}

std::map<std::string, Keyword, std::less<>> read_keywords() {
  const Options options(PQconndefaults(), &PQconninfoFree);
  if (!options)
    throw util::Error(util::Kind::Connect, "libpq cannot read its defaults (service file, memory)");
  std::map<std::string, Keyword, std::less<>> keywords;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    keywords[option->keyword] = {.variable = or_empty(option->envvar),
                                 .fallback = or_empty(option->compiled),
                                 .secret = or_empty(option->dispchar) == "*"};
  }
  return keywords;
}

// The keyword that is sacrificed to stop libpq before it connects, and a value that no libpq
// accepts.
constexpr const char* kStopper = "ssl_max_protocol_version";
constexpr const char* kStopValue = "pgbelay-looks-only";

std::string environment_value(std::string_view keyword) {
  const Options defaults(PQconndefaults(), &PQconninfoFree);
  for (const PQconninfoOption* option = defaults.get();
       option != nullptr && option->keyword != nullptr; ++option) {
    if (option->keyword == keyword) return or_empty(option->val);
  }
  return {};
}

}  // namespace

const std::map<std::string, Keyword, std::less<>>& libpq_keywords() {
  static const std::map<std::string, Keyword, std::less<>> keywords = read_keywords();
  return keywords;
}

// libpq has no function that resolves a service named in the values (PQconndefaults knows only
// PGSERVICE). But it completes all values before it checks them, and checks them before it opens a
// socket: one value that is refused leaves a connection object that was never connected and holds
// the completed values.
std::optional<std::map<std::string, std::string>> resolve(
    const std::map<std::string, std::string>& given) {
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : given) {
    if (keyword == kStopper) continue;
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.insert(keywords.end(), {kStopper, nullptr});
  values.insert(values.end(), {kStopValue, nullptr});
  const std::unique_ptr<PGconn, decltype(&PQfinish)> never_connected(
      PQconnectStartParams(keywords.data(), values.data(), 0), &PQfinish);
  if (!never_connected) throw std::bad_alloc();
  const bool stopped_by_us =
      or_empty(PQerrorMessage(never_connected.get())).find(kStopValue) != std::string::npos;
  if (!stopped_by_us) return std::nullopt;

  const Options completed(PQconninfo(never_connected.get()), &PQconninfoFree);
  std::map<std::string, std::string> out;
  for (const PQconninfoOption* option = completed.get();
       option != nullptr && option->keyword != nullptr; ++option) {
    const std::string value = or_empty(option->val);
    if (!value.empty()) out[option->keyword] = value;
  }
  const auto stopper = given.find(kStopper);
  out[kStopper] = stopper != given.end() ? stopper->second : environment_value(kStopper);
  if (out[kStopper].empty()) out.erase(kStopper);
  out.erase("service");  // its values are in now
  return out;
}

}  // namespace pg
