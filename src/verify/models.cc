// The schema of a database beside the one that was recorded at the snapshot (definition 2 of a
// proof).
#include <algorithm>
#include <map>
#include <utility>

#include "schema/change.h"
#include "schema/json.h"
#include "schema/read.h"
#include "schema/reparse.h"
#include "schema/tell.h"
#include "util/files.h"
#include "util/text.h"
#include "verify/differences.h"
#include "verify/verify.h"

namespace verify {
namespace {

using archive::Finding;
using archive::Severity;
using schema::Change;
using util::cat;

constexpr std::uint64_t kMostModelBytes = 4ULL << 30U;  // tables of millions

std::string_view code_of(const Change& change) {
  switch (change.what) {
    case Change::What::Removed:
      return "object-missing";
    case Change::What::Added:
      return "object-additional";
    case Change::What::Changed:
      return "object-differs";
  }
  return "object-differs";
}

std::string summary_of(const Change& change) {
  const std::string summary = schema::summary(change.element());
  return summary.empty() ? summary : cat(": ", summary);
}

std::string text_of(const Change& change) {
  switch (change.what) {
    case Change::What::Removed:
      return cat(schema::subject(change.element()), " is missing in the copy", summary_of(change));
    case Change::What::Added:
      return cat(schema::subject(change.element()), " is in the copy only", summary_of(change));
    case Change::What::Changed:
      return schema::tell(change);
  }
  return schema::tell(change);
}

Finding finding_of(const Change& change) {
  Finding finding = damage(std::string(code_of(change)), {}, text_of(change));
  if (change.before != nullptr) finding.recorded = schema::definition(*change.before);
  if (change.after != nullptr) finding.found = schema::definition(*change.after);
  return finding;
}

// One finding per reason: an old table with dropped columns is nothing to be told on a line of its
// own.
std::vector<Finding> accepted_findings(const std::vector<schema::Accepted>& accepted) {
  struct Group {
    std::string code;
    std::vector<std::string> subjects;
  };
  std::map<std::string_view, Group> groups;
  for (const schema::Accepted& one : accepted) {
    Group& group = groups[one.reason];
    group.code = code_of(one.change);
    group.subjects.push_back(schema::subject(one.change.element()));
  }
  std::vector<Finding> findings;
  for (const auto& [reason, group] : groups) {
    Finding finding =
        damage(group.code, {}, cat("accepted: ", reason, ": ", util::join(group.subjects, "; ")));
    finding.severity = Severity::Accepted;
    findings.push_back(std::move(finding));
  }
  return findings;
}

// Whether a materialised view is populated is judged with its rows: an archive cannot always.
void leave_out_populated(std::vector<Change>& changes) {
  for (Change& change : changes) {
    std::erase_if(change.facts, [&](const schema::FactChange& fact) {
      return change.element().kind == schema::Kind::MaterializedView && fact.name == "populated";
    });
  }
  std::erase_if(changes, [](const Change& change) {
    return change.what == Change::What::Changed && change.facts.empty();
  });
}

}  // namespace

std::optional<schema::Model> recorded_model(const backup::Backup& backup) {
  const auto& files = backup.manifest.files;
  const bool there = std::any_of(files.begin(), files.end(), [](const archive::FileRecord& file) {
    return file.name == schema::kModelFileName;
  });
  if (!there) return std::nullopt;
  const std::filesystem::path path = backup.path / schema::kModelFileName;
  return schema::from_json(util::read_text(path, kMostModelBytes), path.string());
}

std::vector<Finding> compare_models(const schema::Model& recorded, pg::Connection& copy) {
  const schema::Model now = schema::read(copy);
  std::vector<Change> changes = schema::compare(recorded, now);
  leave_out_populated(changes);
  schema::settle_texts(changes, copy, schema::Database::Copy);
  const schema::Judged judged = schema::judge_copy(std::move(changes), recorded);
  std::vector<Finding> findings = accepted_findings(judged.accepted);
  for (const Change& change : judged.differences) findings.push_back(finding_of(change));
  return findings;
}

}  // namespace verify
