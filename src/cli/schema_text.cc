#include "cli/schema_text.h"

#include <nlohmann/json.hpp>

#include "schema/as_sql.h"
#include "schema/json.h"
#include "schema/tell.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace cli {
namespace {

using nlohmann::ordered_json;
using util::cat;

std::string schema_diff_text(const ops::SchemaDiff& diff) {
  std::string text = cat("A: ", diff.a.display, "\nB: ", diff.b.display, "\n");
  for (const schema::Told& told : schema::tell_each(diff.changes)) {
    text += cat(told.text, "\n");
    for (const std::string& line : schema::differing_lines(*told.change))
      text += cat("    ", line, "\n");
  }
  for (const std::string& line : diff.not_compared) text += cat("not compared: ", line, "\n");
  const std::size_t elements = diff.b.model.elements.size();
  return text + (diff.changes.empty()
                     ? cat("the schemas are equal: ", util::show_counted(elements, "element"), "\n")
                     : cat(util::show_counted(diff.changes.size(), "difference"), "\n"));
}

std::string schema_diff_json(std::string_view command, const ops::SchemaDiff& diff) {
  ordered_json document;
  document["schema"] = cat("pgbelay.", command, "/1");
  document["a"] = diff.a.display;
  document["b"] = diff.b.display;
  document["equal"] = diff.changes.empty();
  document["findings"] = ordered_json::array();
  for (const std::string& line : schema::tell(diff.changes)) {
    document["findings"].push_back({{"severity", "warning"},
                                    {"code", "schema"},
                                    {"file", nullptr},
                                    {"table", nullptr},
                                    {"text", line},
                                    {"hint", nullptr}});
  }
  document["not_compared"] = diff.not_compared;
  document["changes"] =
      std::move(ordered_json::parse(schema::changes_document(diff.changes))["changes"]);
  return document.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace

void print_schema_diff(const Invocation& invocation, std::string_view command,
                       const ops::SchemaDiff& diff) {
  const bool sql = invocation.settings.flag("as-sql");
  if (sql && invocation.json())
    throw util::Error(util::Kind::Usage, "--as-sql is SQL, --json is not: give one");
  if (sql) {
    const schema::Script script = schema::as_sql(diff.changes, diff.a.model, diff.b.model);
    print_rows(schema::to_text(script));
    TerminalReporter reporter(invocation.style(/*json_lines=*/false));
    for (const std::string& line : script.left) reporter.warning(cat("left to a person: ", line));
  } else {
    print_rows(invocation.json() ? schema_diff_json(command, diff) : schema_diff_text(diff));
  }
}

}  // namespace cli
