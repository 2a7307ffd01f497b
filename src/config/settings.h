// The values of one command's options: flags win over environment, environment over file, file over
// default.
//
// Failure: Kind::Usage naming the option, the place the value came from, and what would be right.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"

namespace config {

// What was given on the command line: option name to its values (flags: one empty value).
using Flags = std::map<std::string, std::vector<std::string>, std::less<>>;
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

class Settings {
 public:
  // Finds and reads the configuration file and .env below `folder`.
  static Settings load(CommandBit command, Flags flags, const Environment& environment,
                       const std::filesystem::path& folder);

  bool flag(std::string_view name) const;
  std::string text(std::string_view name) const;  // empty if there is none
  std::optional<std::string> given(
      std::string_view name) const;  // nothing if it is only the default
  std::optional<std::string> typed(std::string_view name) const;  // on the command line
  std::filesystem::path path(std::string_view name) const;
  std::uint64_t count(std::string_view name) const;
  std::chrono::milliseconds duration(std::string_view name) const;
  std::optional<std::uint64_t> size(std::string_view name) const;
  std::vector<std::string> list(std::string_view name) const;

  // A variable of the environment, or else of .env.
  std::optional<std::string> variable(std::string_view name) const;
  const std::filesystem::path& config_file() const noexcept {
    return config_file_;
  }  // empty if none

 private:
  struct Value {
    std::vector<std::string> values;
    std::string origin;  // for messages: "--jobs", "PGBELAY_JOBS", "pgbelay.toml [backup] jobs"
    std::filesystem::path relative_to;  // of paths
    bool fallback = false;
  };
  const Value* find(std::string_view name) const;
  void resolve(const OptionSpec& option, const Flags& flags, std::string_view command,
               const std::map<std::string, Value, std::less<>>& file);

  std::map<std::string, Value, std::less<>> values_;
  std::map<std::string, std::string, std::less<>> dotenv_;
  Environment environment_;
  std::filesystem::path config_file_;
};

// KEY=value lines as dotenv writes them: comments, `export`, quotes; nothing is expanded.
std::map<std::string, std::string, std::less<>> parse_dotenv(std::string_view text);

}  // namespace config
