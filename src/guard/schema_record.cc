#include "guard/schema_record.h"

#include <chrono>
#include <exception>
#include <utility>

#include "codec/sha256.h"
#include "guard/expected.h"
#include "guard/ledger.h"
#include "guard/sql_guard.h"
#include "pg/session.h"
#include "schema/change.h"
#include "schema/json.h"
#include "schema/read.h"
#include "schema/reparse.h"
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
constexpr std::string_view kNotSaid = " (not said by the migration)";

pg::Connection open_live(const RunContext& context) {
  pg::Connection live = pg::Connection::open(context.database, context.names.application);
  SessionLedger(context.journal, context.database.database(), context.names.application)
      .opened("run", "schema",
              {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
  pg::pin_settings(live, pg::database_encoding(live));
  return live;
}

void store(const RunContext& context, const schema::Model& model) {
  const std::string text = schema::to_json(model);
  util::publish_text(context.names.folder / schema::kModelFileName, text);
  context.journal.fact("run", "schema", {{"sha256", codec::sha256_of(text)}});
}

// A change that nobody said may be somebody else's: it comes first, and is marked.
RecordedChanges lines_of(const std::vector<schema::Change>& changes) {
  std::vector<schema::Change> said, others;
  for (const schema::Change& change : changes)
    (change.expected.value_or(true) ? said : others).push_back(change);
  RecordedChanges out;
  for (const std::string& line : schema::tell(others)) out.lines.push_back(cat(line, kNotSaid));
  out.not_said = out.lines.size();
  for (std::string& line : schema::tell(said)) out.lines.push_back(std::move(line));
  return out;
}

std::vector<schema::Change> changes_since(const SchemaRecord& record, const schema::Model& before,
                                          const schema::Model& after, pg::Connection& live) {
  std::vector<schema::Change> changes = schema::compare(before, after);
  std::erase_if(changes, is_history);
  schema::settle_texts(changes, live, schema::Database::Live);
  if (record.restored) changes = schema::judge_copy(std::move(changes), before).differences;
  if (record.said) mark_expected(changes, *record.said, before, after);
  return changes;
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

RecordedChanges record_changes(const RunContext& context, const SchemaRecord& record) {
  try {
    const std::optional<schema::Model> before = verify::recorded_model(record.backup);
    pg::Connection live = open_live(context);
    const schema::Model after = schema::read_patiently(live, kPatience);
    store(context, after);
    if (!before) return {};
    const std::vector<schema::Change> changes = changes_since(record, *before, after, live);
    RecordedChanges told = lines_of(changes);
    util::publish_text(
        context.names.folder / kChangesText,
        told.lines.empty() ? std::string("nothing\n") : cat(util::join(told.lines, "\n"), "\n"));
    util::publish_text(context.names.folder / kChangesJson, schema::changes_document(changes));
    return told;
  } catch (...) {
    warn(context);
    return {};
  }
}

void record_schema(const RunContext& context) {
  try {
    pg::Connection live = open_live(context);
    store(context, schema::read_patiently(live, kPatience));
  } catch (...) {
    warn(context);
  }
}

}  // namespace guard
