#include "cli/parse.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "util/error.h"
#include "util/text.h"

namespace cli {
namespace {

using config::CommandSpec;
using config::OptionSpec;
using config::OptionType;
using util::cat;
using util::Error;
using util::Kind;

std::vector<std::string_view> command_names() {
  std::vector<std::string_view> names;
  for (const CommandSpec& command : config::kCommands) names.push_back(command.name);
  return names;
}

const CommandSpec& require_command(std::string_view name) {
  if (const CommandSpec* const command = config::find_command(name)) return *command;
  const std::vector<std::string_view> names = command_names();
  const std::optional<std::string_view> meant = util::nearest(name, names);
  throw Error(
      Kind::Usage, cat("unknown command ", util::printable(name)),
      {.hint = meant ? cat("Did you mean ", *meant, "?") : "See: pgbelay help", .sqlstate = {}});
}

std::string spelled(const OptionSpec& option) {
  return option.letter == 0 ? cat("--", option.name) : cat("-", option.letter, ",--", option.name);
}

bool takes(const OptionSpec& option, const CommandSpec& command) {
  return (option.commands & command.bit) != 0;
}

std::string unknown_option_hint(std::string_view message, const CommandSpec& command) {
  std::vector<std::string_view> names;
  for (const OptionSpec& option : config::kOptions) {
    if (takes(option, command)) names.push_back(option.name);
  }
  const std::size_t at = message.find("--");
  if (at != std::string_view::npos) {
    const std::string_view word = message.substr(at + 2, message.find_first_of("= ", at) - at - 2);
    if (const auto meant = util::nearest(word, names)) return cat("Did you mean --", *meant, "?");
  }
  return cat("See: pgbelay help ", command.name);
}

// A line of the option table in the help; long texts go on below.
std::string option_line(const OptionSpec& option) {
  std::string left = option.letter == 0 ? cat("      --", option.name)
                                        : cat("  -", option.letter, ", --", option.name);
  if (!option.value.empty()) left += cat(" ", option.value);
  std::string right(option.help);
  if (!option.choices.empty())
    right += cat(" (", util::replace_all(std::string(option.choices), "|", ", "), ")");
  if (!option.fallback.empty() && option.fallback != "0" && option.fallback != "0s")
    right += cat(" [", option.fallback, "]");
  if (!option.env.empty()) right += cat(" [$", option.env, "]");
  return left.size() < 30 ? fmt::format("{:<30} {}\n", left, right)
                          : fmt::format("{}\n{:<30} {}\n", left, "", right);
}

}  // namespace

std::string help() {
  std::string out =
      "pgbelay: the rope for PostgreSQL migrations\n\n"
      "usage: pgbelay COMMAND [OPTIONS] [ARGUMENTS]\n\ncommands:\n";
  for (const CommandSpec& command : config::kCommands)
    out += fmt::format("  {:<9} {}\n", command.name, command.help);
  out += "\npgbelay help COMMAND shows its options; --version shows the version.\n";
  return out;
}

std::string help(const CommandSpec& command) {
  std::string out =
      cat("usage: pgbelay ", command.name, " [OPTIONS]", command.arguments.empty() ? "" : " ",
          command.arguments, "\n\n", command.help, "\n\noptions:\n");
  for (const OptionSpec& option : config::kOptions) {
    if (takes(option, command)) out += option_line(option);
  }
  return out;
}

Parsed parse(const std::vector<std::string>& argv) {
  Parsed parsed;
  std::vector<std::string> words(argv.begin() + (argv.empty() ? 0 : 1), argv.end());
  if (const auto separator = std::find(words.begin(), words.end(), "--");
      separator != words.end()) {
    parsed.has_separator = true;
    parsed.guarded.assign(separator + 1, words.end());
    words.erase(separator, words.end());
  }
  if (words.empty())
    throw Error(Kind::Usage, "no command", {.hint = "See: pgbelay help", .sqlstate = {}});
  const std::string first = words.front();
  if (first == "--version" || first == "version") {
    parsed.text = "pgbelay " PGBELAY_VERSION "\n";
    return parsed;
  }
  if (first == "help" || first == "--help" || first == "-h") {
    parsed.text = words.size() > 1 ? help(require_command(words[1])) : help();
    return parsed;
  }
  const CommandSpec& command = require_command(first);
  words.erase(words.begin());
  if (std::find_if(words.begin(), words.end(),
                   [](const auto& w) { return w == "--help" || w == "-h"; }) != words.end()) {
    parsed.text = help(command);
    return parsed;
  }

  CLI::App app;
  app.set_help_flag();
  std::map<std::string_view, std::vector<std::string>> values;
  std::map<std::string_view, bool> flags;
  std::vector<std::string> arguments;
  for (const OptionSpec& option : config::kOptions) {
    if (!takes(option, command)) continue;
    if (option.type == OptionType::Flag) {
      app.add_flag(spelled(option), flags[option.name]);
    } else {
      app.add_option(spelled(option), values[option.name])->allow_extra_args(false)->take_all();
    }
  }
  if (!command.arguments.empty()) app.add_option("arguments", arguments);
  try {
    std::reverse(words.begin(), words.end());  // CLI11 takes them from the back
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    throw Error(Kind::Usage, error.what(),
                {.hint = unknown_option_hint(error.what(), command), .sqlstate = {}});
  }
  parsed.command = &command;
  parsed.arguments = std::move(arguments);
  for (auto& [name, given] : values) {
    if (!given.empty()) parsed.flags[std::string(name)] = std::move(given);
  }
  for (const auto& [name, given] : flags) {
    if (given) parsed.flags[std::string(name)] = {""};
  }
  return parsed;
}

}  // namespace cli
