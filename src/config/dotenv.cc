#include "config/settings.h"
#include "util/text.h"

namespace config {
namespace {

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] != '\\' || n + 1 == text.size()) {
      out += text[n];
      continue;
    }
    const char next = text[++n];
    out += next == 'n' ? '\n' : next == 't' ? '\t' : next == 'r' ? '\r' : next;
  }
  return out;
}

// The value as it stands behind the equals sign, on one line.
std::string value_of(std::string_view raw) {
  raw = util::trim(raw);
  if (raw.empty()) return {};
  const char quote = raw.front();
  if (quote == '"' || quote == '\'') {
    std::size_t end = 1;
    while (end < raw.size() && raw[end] != quote) end += quote == '"' && raw[end] == '\\' ? 2U : 1U;
    const std::string_view inner = raw.substr(1, std::min(end, raw.size()) - 1);
    return quote == '"' ? unescape(inner) : std::string(inner);
  }
  return std::string(util::trim(raw.substr(0, raw.find(" #"))));
}

}  // namespace

std::map<std::string, std::string, std::less<>> parse_dotenv(std::string_view text) {
  std::map<std::string, std::string, std::less<>> variables;
  for (std::string_view line : util::split(text, '\n')) {
    line = util::trim(line);
    if (line.starts_with("export ")) line = util::trim(line.substr(7));
    const std::size_t equals = line.find('=');
    if (line.empty() || line.front() == '#' || equals == std::string_view::npos) continue;
    variables[std::string(util::trim(line.substr(0, equals)))] = value_of(line.substr(equals + 1));
  }
  return variables;
}

}  // namespace config
