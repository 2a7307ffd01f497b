#include "ops/create_statement.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include "archive/identifiers.h"
#include "util/text.h"

namespace ops {
namespace {

// KEY = word and KEY = 'text' of what follows WITH.
std::map<std::string, std::string> settings_of(std::string_view text) {
  std::map<std::string, std::string> settings;
  for (std::size_t sign = text.find(" = "); sign != std::string_view::npos;
       sign = text.find(" = ")) {
    const std::string_view before = text.substr(0, sign);
    const std::string key(before.substr(before.rfind(' ') + 1));
    text.remove_prefix(sign + 3);
    std::string& value = settings[key];
    if (!text.starts_with('\'')) {
      value = text.substr(0, text.find_first_of(" ;\n"));
      continue;
    }
    std::size_t at = 1;
    for (; at < text.size(); ++at) {
      if (text[at] == '\'' && !text.substr(++at).starts_with('\'')) break;
      value += text[at];
    }
    text.remove_prefix(std::min(at, text.size()));
  }
  return settings;
}

}  // namespace

pg::DatabaseProperties properties_in(const archive::Toc& toc, pg::DatabaseProperties base) {
  const auto entry = std::ranges::find(toc.entries, "DATABASE", &archive::TocEntry::desc);
  if (entry == toc.entries.end() || !entry->definition) {
    base.encoding = toc.encoding();
    return base;
  }
  constexpr std::string_view kCreate = "CREATE DATABASE ";
  std::string_view text = *entry->definition;
  text.remove_prefix(std::min(kCreate.size(), text.size()));
  archive::take_identifier(text);  // which may hold anything
  const std::map<std::string, std::string> settings = settings_of(text);
  const auto take = [&settings](const char* key, std::string& into) {
    if (const auto found = settings.find(key); found != settings.end()) into = found->second;
  };
  take("ENCODING", base.encoding);
  take("LOCALE", base.collate);
  take("LOCALE", base.ctype);
  take("LC_COLLATE", base.collate);
  take("LC_CTYPE", base.ctype);
  take("ICU_LOCALE", base.icu_locale);
  take("BUILTIN_LOCALE", base.icu_locale);
  take("ICU_RULES", base.icu_rules);
  std::string provider = "libc";
  take("LOCALE_PROVIDER", provider);
  base.locale_provider = provider.substr(provider == "libc" ? 3 : 0, 1);
  if (base.locale_provider == "c") base.icu_locale.clear();
  return base;
}

}  // namespace ops
