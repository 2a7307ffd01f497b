#include "guard/schema_record.h"

#include <algorithm>
#include <exception>

#include "codec/sha256.h"
#include "guard/ledger.h"
#include "guard/sql_guard.h"
#include "pg/session.h"
#include "schema/change.h"
#include "schema/json.h"
#include "schema/read.h"
#include "schema/tell.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "verify/verify.h"

namespace guard {
namespace {

using util::cat;

// The run has ended but for this: nobody should wait for long.
constexpr std::chrono::seconds kPatience{10};
constexpr std::string_view kChangesText = "schema_changes.txt";
constexpr std::string_view kChangesJson = "schema_changes.json";
constexpr std::string_view kNotNamed = " (not named in the migration's files)";

schema::Model read_live(const RunContext& context) {
  pg::Connection live = pg::Connection::open(context.database, context.names.application);
  SessionLedger(context.journal, context.database.database(), context.names.application)
      .opened("run", "schema",
              {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
  pg::pin_settings(live, pg::database_encoding(live));
  return schema::read_patiently(live, kPatience);
}

void store(const RunContext& context, const schema::Model& model) {
  const std::string text = schema::to_json(model);
  util::publish_text(context.names.folder / schema::kModelFileName, text);
  context.journal.fact("run", "schema", {{"sha256", codec::sha256_of(text)}});
}

// Whether any file says the name, in whatever case and quotes.
bool is_named(const std::vector<migrate::File>& files, std::string_view name) {
  const std::string wanted = util::lower(name);
  return std::any_of(files.begin(), files.end(), [&](const migrate::File& file) {
    return util::lower(file.text).find(wanted) != std::string::npos;
  });
}

// The last part of a qualified name, without quotes.
std::string bare(std::string_view identity) {
  const std::string plain = util::replace_all(std::string(identity), "\"", "");
  return plain.substr(plain.rfind('.') + 1);
}

bool is_expected(const schema::Change& change, const std::vector<migrate::File>& files) {
  const schema::Element& element = change.element();
  return files.empty() || is_named(files, element.name) ||
         (!element.of.empty() && is_named(files, bare(element.of)));
}

std::vector<std::string> lines_of(const std::vector<schema::Change>& changes,
                                  const std::vector<migrate::File>& files) {
  std::vector<schema::Change> expected, others;
  for (const schema::Change& change : changes)
    (is_expected(change, files) ? expected : others).push_back(change);
  std::vector<std::string> lines = schema::tell(expected);
  for (const std::string& line : schema::tell(others)) lines.push_back(cat(line, kNotNamed));
  return lines;
}

void warn(const RunContext& context) {
  const util::Error error = util::as_error(std::current_exception());
  context.reporter.warning(
      cat("the schema at the end of the run could not be recorded: ", error.message()));
}

}  // namespace

bool is_history(const schema::Change& change) {
  constexpr std::string_view kOwnSchema = "pgbelay";
  const schema::Element& element = change.element();
  return element.schema == kOwnSchema ||
         (element.kind == schema::Kind::Schema && element.name == kOwnSchema);
}

std::vector<std::string> record_changes(const RunContext& context, const backup::Backup& backup,
                                        const std::vector<migrate::File>& files) {
  try {
    const std::optional<schema::Model> before = verify::recorded_model(backup);
    const schema::Model after = read_live(context);
    store(context, after);
    if (!before) return {};
    std::vector<schema::Change> changes = schema::compare(*before, after);
    std::erase_if(changes, is_history);
    std::vector<std::string> lines = lines_of(changes, files);
    util::publish_text(
        context.names.folder / kChangesText,
        lines.empty() ? std::string("nothing\n") : cat(util::join(lines, "\n"), "\n"));
    util::publish_text(context.names.folder / kChangesJson, schema::changes_document(changes));
    return lines;
  } catch (...) {
    warn(context);
    return {};
  }
}

void record_schema(const RunContext& context) {
  try {
    store(context, read_live(context));
  } catch (...) {
    warn(context);
  }
}

}  // namespace guard
