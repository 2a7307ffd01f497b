#include "guard/marks.h"

#include <algorithm>
#include <utility>

#include "guard/hold_mark.h"
#include "pg/session.h"
#include "scan/table.h"
#include "util/error.h"
#include "util/text.h"
#include "verify/verify.h"

namespace guard {
namespace {

std::optional<std::string> catalog_sign(const WriteMarks& before, const WriteMarks& now) {
  if (before.properties != now.properties) return "the properties of the database changed";
  for (const auto& [name, digest] : now.catalogs) {
    const auto found = before.catalogs.find(name);
    if (found == before.catalogs.end() || found->second != digest)
      return util::cat("catalogue ", name, " changed");
  }
  return std::nullopt;
}

std::optional<std::string> sequence_sign(pg::Connection& live, const archive::Manifest& manifest) {
  for (const scan::Sequence& sequence : scan::list_sequences(live)) {
    const auto found =
        std::find_if(manifest.sequences.begin(), manifest.sequences.end(), [&](const auto& record) {
          return record.schema == sequence.name.schema && record.name == sequence.name.name;
        });
    if (found == manifest.sequences.end() || found->last_value != sequence.last_value ||
        found->is_called != sequence.is_called) {
      return util::cat("sequence ", sequence.name.display(), " moved");
    }
  }
  return std::nullopt;
}

bool same_rows(pg::Connection& live, const archive::TableRecord& record) {
  const pg::QualifiedName name{record.schema, record.table};
  return scan::fingerprint(live, name, record.columns, record.filter, {}) == record.fingerprint;
}

// The counters count what was rolled back too, so a table that they name is read.
std::optional<std::string> row_sign(pg::Connection& live, const archive::Manifest& manifest,
                                    const std::vector<pg::QualifiedName>& changed) {
  for (const pg::QualifiedName& name : changed) {
    const auto record = std::find_if(
        manifest.tables.begin(), manifest.tables.end(),
        [&](const auto& table) { return table.schema == name.schema && table.table == name.name; });
    if (record == manifest.tables.end()) return util::cat(name.display(), " changed");
    if (!same_rows(live, *record)) return util::cat("rows of ", name.display(), " changed");
  }
  return std::nullopt;
}

std::optional<pg::Connection> open_if_there(const WriteQuestion& question) {
  constexpr std::string_view kNoSuchDatabase = "3D000";
  try {
    return pg::Connection::open(question.database, question.application);
  } catch (const util::Error& error) {
    if (error.sqlstate() != kNoSuchDatabase) throw;
    return std::nullopt;
  }
}

}  // namespace

WriteMarks read_marks(pg::Connection& live) {
  pg::DatabaseProperties properties = pg::read_properties(live, live.database());
  properties.comment = own_comment(properties.comment);  // a hold may stand
  return {.properties = std::move(properties),
          .catalogs = pg::catalog_digests(live),
          .counters = pg::change_counters(live)};
}

std::optional<std::vector<pg::QualifiedName>> changed_relations(const pg::ChangeCounters& before,
                                                                const pg::ChangeCounters& now) {
  if (!before.exact || !now.exact || before.stats_reset != now.stats_reset) return std::nullopt;
  std::vector<pg::QualifiedName> changed;
  for (const auto& [name, value] : now.tables) {
    const auto found = before.tables.find(name);
    if (found == before.tables.end() || found->second != value)
      changed.push_back({name.first, name.second});
  }
  for (const auto& [name, value] : before.tables) {
    if (!now.tables.contains(name)) changed.push_back({name.first, name.second});
  }
  return changed;
}

std::vector<std::string> changed_between(const WriteMarks& before, const WriteMarks& now) {
  std::vector<std::string> changes;
  if (const auto relations = changed_relations(before.counters, now.counters)) {
    for (const pg::QualifiedName& name : *relations)
      changes.push_back(util::cat("table ", name.display()));
  }
  for (const auto& [name, digest] : now.catalogs) {
    const auto was = before.catalogs.find(name);
    if (was == before.catalogs.end() || was->second != digest)
      changes.push_back(util::cat("catalogue ", name));
  }
  return changes;
}

std::optional<std::string> sign_of_writing(const WriteQuestion& question,
                                           util::Reporter& reporter) {
  {
    std::optional<pg::Connection> opened = open_if_there(question);
    if (!opened) return "the database is gone: it was dropped or renamed";
    pg::Connection& live = *opened;
    if (question.on_session) question.on_session(live);
    const WriteMarks now = read_marks(live);
    if (std::optional<std::string> sign = catalog_sign(question.before, now)) return sign;
    pg::pin_settings(live, question.manifest.encoding);
    if (std::optional<std::string> sign = sequence_sign(live, question.manifest)) return sign;
    if (const auto changed = changed_relations(question.before.counters, now.counters)) {
      return row_sign(live, question.manifest, *changed);
    }
  }
  const std::vector<archive::Finding> findings = verify::compare_content(
      {question.manifest}, question.database, question.application, 0, reporter, {});
  for (const archive::Finding& finding : findings) {
    if (finding.severity == archive::Severity::Damage) return finding.text;
  }
  return std::nullopt;
}

}  // namespace guard
