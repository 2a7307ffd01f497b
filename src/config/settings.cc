#include "config/settings.h"

#include <algorithm>

#include "config/file.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "util/units.h"

namespace config {
namespace {

// No command has two of a name or a letter.
consteval bool option_names_are_unique() {
  for (std::size_t a = 0; a < kOptions.size(); ++a) {
    for (std::size_t b = a + 1; b < kOptions.size(); ++b) {
      if ((kOptions[a].commands & kOptions[b].commands) == 0) continue;
      if (kOptions[a].name == kOptions[b].name) return false;
      if (kOptions[a].letter != 0 && kOptions[a].letter == kOptions[b].letter) return false;
    }
  }
  return true;
}
static_assert(option_names_are_unique());

using util::cat;
using util::Error;
using util::Kind;

std::string key_of(std::string_view option) {
  return util::replace_all(std::string(option), "-", "_");
}

[[noreturn]] void refuse(std::string_view origin, std::string_view value, std::string_view wanted) {
  throw Error(Kind::Usage, cat(origin, ": ", util::printable(value), " is not ", wanted));
}

void check(const OptionSpec& option, std::string_view origin, const std::string& value) {
  switch (option.type) {
    case OptionType::Flag:
      if (value != "true" && value != "false") refuse(origin, value, "true or false");
      return;
    case OptionType::Count:
      if (!util::parse_u64(value)) refuse(origin, value, "a number");
      return;
    case OptionType::Duration:
      if (!util::parse_duration(value)) refuse(origin, value, "a duration such as 1h30m or 2s");
      return;
    case OptionType::Size:
      if (!util::parse_size(value)) refuse(origin, value, "a size such as 512MB or 1.5GiB");
      return;
    case OptionType::Choice: {
      const std::vector<std::string_view> choices = util::split(option.choices, '|');
      if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
        refuse(origin, value,
               cat("one of ", util::replace_all(std::string(option.choices), "|", ", ")));
      }
      return;
    }
    case OptionType::Text:
    case OptionType::Path:
    case OptionType::List:
      return;
  }
}

}  // namespace

const Settings::Value* Settings::find(std::string_view name) const {
  PGBELAY_ASSERT(find_option(name) != nullptr);
  const auto at = values_.find(name);
  return at == values_.end() ? nullptr : &at->second;
}

void Settings::resolve(const OptionSpec& option, const Flags& flags, std::string_view command,
                       const std::map<std::string, Value, std::less<>>& file) {
  const auto take = [&](Value value) {
    for (const std::string& text : value.values) check(option, value.origin, text);
    values_[std::string(option.name)] = std::move(value);
  };
  if (const auto flag = flags.find(option.name); flag != flags.end()) {
    Value value{flag->second, cat("--", option.name), {}, false};
    if (option.type == OptionType::Flag) value.values = {"true"};
    return take(std::move(value));
  }
  if (!option.env.empty()) {
    if (const std::optional<std::string> text = variable(option.env); text && !text->empty()) {
      return take({{*text}, std::string(option.env), {}, false});
    }
  }
  const std::string own = key_of(option.name);
  const std::vector<std::string> keys =
      option.key.empty() ? std::vector{own, cat(command, ".", own), cat("defaults.", own)}
                         : std::vector{std::string(option.key)};
  for (const std::string& key : keys) {
    if (const auto found = file.find(key); found != file.end()) return take(found->second);
  }
  if (!option.fallback.empty()) {
    // Without another word backups live beside the configuration file (contracts.md K6).
    const std::filesystem::path base =
        option.name == "dir" ? config_file_.parent_path() : std::filesystem::path();
    take({{std::string(option.fallback)}, "default", base, true});
  }
}

Settings Settings::load(CommandBit command, Flags flags, const Environment& environment,
                        const std::filesystem::path& folder) {
  Settings settings;
  settings.environment_ = environment;
  std::string_view name;
  for (const CommandSpec& spec : kCommands) {
    if (spec.bit == command) name = spec.name;
  }
  const auto given_path = [&](std::string_view option,
                              std::string_view variable) -> std::optional<std::string> {
    if (const auto flag = flags.find(option); flag != flags.end() && !flag->second.empty())
      return flag->second.back();
    return variable.empty() ? std::nullopt : environment(variable);
  };
  if (flags.find("no-env-file") == flags.end()) {
    const std::optional<std::string> given = given_path("env-file", "");
    const std::filesystem::path file = given ? std::filesystem::path(*given) : folder / ".env";
    std::error_code ignored;
    if (given || std::filesystem::is_regular_file(file, ignored)) {
      settings.dotenv_ = parse_dotenv(util::read_text(file, 1U << 20U));
    }
  }
  const std::optional<std::string> config = given_path("config", "PGBELAY_CONFIG");
  settings.config_file_ = config ? std::filesystem::absolute(*config) : find_file(folder);
  std::map<std::string, Value, std::less<>> file;
  if (!settings.config_file_.empty()) {
    for (auto& [key, values] : read_file(settings.config_file_)) {
      file[key] = {values, cat(settings.config_file_.string(), ": ", key),
                   settings.config_file_.parent_path(), false};
    }
  }
  for (const OptionSpec& option : kOptions) {
    if ((option.commands & command) != 0) settings.resolve(option, flags, name, file);
  }
  return settings;
}

bool Settings::flag(std::string_view name) const { return text(name) == "true"; }

std::string Settings::text(std::string_view name) const {
  const Value* const value = find(name);
  return value == nullptr || value->values.empty() ? "" : value->values.back();
}

std::optional<std::string> Settings::given(std::string_view name) const {
  const Value* const value = find(name);
  if (value == nullptr || value->fallback) return std::nullopt;
  return text(name);
}

std::optional<std::string> Settings::typed(std::string_view name) const {
  const Value* const value = find(name);
  if (value == nullptr || value->origin != cat("--", name)) return std::nullopt;
  return text(name);
}

std::filesystem::path Settings::path(std::string_view name) const {
  const Value* const value = find(name);
  if (value == nullptr || value->values.empty()) return {};
  return value->relative_to / value->values.back();  // an absolute path stays as it is
}

std::uint64_t Settings::count(std::string_view name) const {
  return util::parse_u64(text(name)).value_or(0);
}

std::chrono::milliseconds Settings::duration(std::string_view name) const {
  return util::parse_duration(text(name)).value_or(std::chrono::milliseconds(0));
}

std::optional<std::uint64_t> Settings::size(std::string_view name) const {
  return util::parse_size(text(name));
}

std::vector<std::string> Settings::list(std::string_view name) const {
  const Value* const value = find(name);
  return value == nullptr ? std::vector<std::string>() : value->values;
}

std::optional<std::string> Settings::variable(std::string_view name) const {
  if (std::optional<std::string> value = environment_(name)) return value;
  const auto at = dotenv_.find(name);
  return at == dotenv_.end() ? std::nullopt : std::optional(at->second);
}

}  // namespace config
