#include "config/file.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "config/options.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace config {
namespace {

using util::cat;

std::string key_of(std::string_view option) {
  return util::replace_all(std::string(option), "-", "_");
}

bool is_top_level(std::string_view option) {
  return option == "database" || option == "dir" || option == "log-file";
}

// Options about the file itself or about one call make no sense in it.
bool may_stand_in_file(const OptionSpec& option) {
  constexpr std::array<std::string_view, 6> kNot{"config", "yes", "json", "plan", "to", "keep"};
  return std::find(kNot.begin(), kNot.end(), option.name) == kNot.end();
}

// An option of a group stands in the table of its group, for all its commands; the others in that
// of a command or in [defaults].
bool stands_in(const OptionSpec& option, std::string_view table) {
  if (!option.key.empty()) return group_of(option) == table;
  if (table.empty()) return is_top_level(option.name);
  if (is_top_level(option.name)) return false;
  if (table == "defaults") return true;
  const CommandSpec* const command = find_command(table);
  return command != nullptr && (option.commands & command->bit) != 0;
}

std::vector<std::string> tables() {
  std::vector<std::string> names{"defaults"};
  for (const CommandSpec& command : kCommands) names.emplace_back(command.name);
  for (const OptionSpec& option : kOptions) {
    if (!option.key.empty()) names.emplace_back(group_of(option));
  }
  return names;
}

std::vector<std::string> known_keys(std::string_view table) {
  std::vector<std::string> keys;
  for (const OptionSpec& option : kOptions) {
    if (!stands_in(option, table) || !may_stand_in_file(option)) continue;
    keys.push_back(option.key.empty() ? key_of(option.name)
                                      : std::string(option.key.substr(table.size() + 1)));
  }
  if (table.empty()) {
    for (std::string& name : tables()) keys.push_back(std::move(name));
  }
  return keys;
}

void require_known(const std::filesystem::path& file, std::string_view table,
                   std::string_view key) {
  const std::vector<std::string> keys = known_keys(table);
  if (std::find(keys.begin(), keys.end(), key) != keys.end()) return;
  const std::vector<std::string_view> views(keys.begin(), keys.end());
  const std::optional<std::string_view> meant = util::nearest(key, views);
  throw util::Error(
      util::Kind::Usage,
      cat(file.string(), ": unknown key ", util::printable(key),
          table.empty() ? "" : cat(" in [", table, "]")),
      {.hint = meant ? cat("Did you mean ", *meant, "?") : "See: pgbelay help", .sqlstate = {}});
}

std::string scalar(const std::filesystem::path& file, std::string_view key,
                   const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (const auto number = node.value_exact<std::int64_t>()) return cat(*number);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  throw util::Error(util::Kind::Usage,
                    cat(file.string(), ": ", key, " must be a text, a number, true or false"));
}

std::vector<std::string> values(const std::filesystem::path& file, std::string_view key,
                                const toml::node& node) {
  if (const toml::array* const array = node.as_array()) {
    std::vector<std::string> out;
    for (const toml::node& element : *array) out.push_back(scalar(file, key, element));
    return out;
  }
  return {scalar(file, key, node)};
}

}  // namespace

std::filesystem::path find_file(const std::filesystem::path& folder) {
  for (std::filesystem::path at = std::filesystem::absolute(folder);; at = at.parent_path()) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(at / "pgbelay.toml", ignored)) return at / "pgbelay.toml";
    if (at == at.parent_path()) return {};
  }
}

FileValues read_file(const std::filesystem::path& file) {
  const std::string text = util::read_text(file, 1U << 20U);
  toml::table parsed;
  try {
    parsed = toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw util::Error(util::Kind::Usage,
                      cat(file.string(), ":", error.source().begin.line, ": ", error.description()),
                      {.hint = "It must be a TOML file.", .sqlstate = {}});
  }
  const std::vector<std::string> known_tables = tables();
  FileValues out;
  for (const auto& [key, node] : parsed) {
    require_known(file, "", key.str());
    const toml::table* const table = node.as_table();
    const bool is_table = std::ranges::find(known_tables, key.str()) != known_tables.end();
    if (is_table != (table != nullptr)) {
      throw util::Error(util::Kind::Usage,
                        cat(file.string(), ": ", key.str(),
                            is_table ? " must be a table: [" : " cannot be a table",
                            is_table ? key.str() : "", is_table ? "]" : ""));
    }
    if (table == nullptr) {
      out[std::string(key.str())] = values(file, key.str(), node);
      continue;
    }
    for (const auto& [inner, value] : *table) {
      require_known(file, key.str(), inner.str());
      out[cat(key.str(), ".", inner.str())] = values(file, inner.str(), value);
    }
  }
  return out;
}

}  // namespace config
