#include "guard/command_env.h"

#include <algorithm>
#include <array>

#include "util/error.h"
#include "util/files.h"
#include "util/log.h"
#include "util/text.h"

namespace guard {
namespace {

using util::cat;

// What would lead libpq elsewhere, or ask the tap for what it does not have. Set anew below where
// the tap has it.
constexpr std::array<std::string_view, 15> kForeign{
    "PGHOSTADDR",           "PGSERVICE",          "PGSERVICEFILE",
    "PGPASSFILE",           "PGREQUIRESSL",       "PGSSLNEGOTIATION",
    "PGSSLROOTCERT",        "PGSSLCERT",          "PGSSLKEY",
    "PGCHANNELBINDING",     "PGREQUIREAUTH",      "PGGSSENCMODE",
    "PGTARGETSESSIONATTRS", "PGLOADBALANCEHOSTS", "PGREQUIREPEER"};

std::string original_of(const CommandSpec& command, const std::string& variable) {
  const auto found = std::find_if(command.urls.begin(), command.urls.end(),
                                  [&](const auto& url) { return url.first == variable; });
  return found == command.urls.end() ? std::string() : found->second;
}

std::vector<std::string> variables_of(const CommandSpec& command) {
  std::vector<std::string> names = command.url_variables;
  for (const auto& [name, value] : command.urls) {
    if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
  }
  return names;
}

// Nothing for a text that is no form of a URL: such a variable is passed on as it is.
std::optional<pg::ConnInfo> parsed(const std::string& text) {
  try {
    return pg::ConnInfo::parse(text);
  } catch (const util::Error& error) {
    if (error.kind() != util::Kind::Usage) throw;
    return std::nullopt;
  }
}

}  // namespace

RootCertificate::RootCertificate(const std::filesystem::path& folder, const std::string& pem)
    : path_(std::filesystem::absolute(folder / "tap.crt")) {
  try {
    util::publish_text(path_, pem);
  } catch (const util::Error& error) {  // few commands need it, and they say so themselves
    util::log::warning(util::cat("clients cannot verify the tap: ", error.message()));
    path_.clear();
  }
}

RootCertificate::~RootCertificate() {
  if (path_.empty()) return;
  std::error_code ignored;  // it is no secret
  std::filesystem::remove(path_, ignored);
}

CommandEnvironment command_environment(const CommandSpec& command, const pg::ConnInfo& database,
                                       const std::string& run, const Redirect* redirect) {
  CommandEnvironment out;
  for (const std::string& name : variables_of(command)) {
    const std::string original = original_of(command, name);
    if (redirect == nullptr) {
      if (!original.empty()) out.set.push_back(cat(name, "=", original));
      continue;
    }
    const std::optional<pg::ConnInfo> own = original.empty() ? std::nullopt : parsed(original);
    pg::ConnInfo where = own ? *own : database;
    if (!redirect->database.empty() && where.database() == database.database())
      where = where.with_database(redirect->database);
    out.set.push_back(cat(
        name, "=", where.redirected(redirect->host, redirect->port, redirect->password).reveal()));
  }
  if (redirect != nullptr) {
    for (const std::string_view name : kForeign) out.unset.emplace_back(name);
    for (const std::string& line :
         {cat("PGHOST=", redirect->host), cat("PGPORT=", redirect->port),
          cat("PGUSER=", database.user()),
          cat("PGDATABASE=", redirect->database.empty() ? database.database() : redirect->database),
          cat("PGPASSWORD=", redirect->password.reveal()), std::string("PGSSLMODE=disable")}) {
      out.set.push_back(line);
    }
    if (!redirect->root_certificate.empty())
      out.set.push_back(cat("PGSSLROOTCERT=", redirect->root_certificate.string()));
  } else {
    out.unset = pg::ConnInfo::environment_variables();  // a service of ours would win over these
    for (const std::string& line : database.environment()) out.set.push_back(line);
  }
  out.set.push_back(cat("PGAPPNAME=pgbelay-", run));
  out.set.push_back(cat("PGBELAY_RUN=", run));
  out.set.push_back(cat("PGBELAY_PHASE=", redirect == nullptr ? "migrate" : redirect->phase));
  return out;
}

util::Scrubber scrubber_for(const CommandSpec& command, const pg::ConnInfo& database,
                            const Redirect* redirect) {
  util::Scrubber scrubber;
  scrubber.add(database.password());
  for (const auto& [name, value] : command.urls) {
    if (const std::optional<pg::ConnInfo> own = parsed(value)) scrubber.add(own->password());
  }
  if (redirect != nullptr) scrubber.add(redirect->password);
  return scrubber;
}

std::vector<std::string> scrubbed_command(const CommandSpec& command,
                                          const pg::ConnInfo& database) {
  const util::Scrubber scrubber = scrubber_for(command, database, nullptr);
  std::vector<std::string> out;
  for (const std::string& argument : command.argv) out.push_back(scrubber.scrub(argument));
  return out;
}

}  // namespace guard
