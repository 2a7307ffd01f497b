// A restore writes rows through definitions: checks, domains, generated columns, index expressions,
// partition keys, statistics, the queries of materialised views. A function in one of them runs as
// the role that restores; owned by somebody else, it is somebody else's code with a superuser's
// rights.
//
// Followed are the dependencies that the catalogue knows; the body of a function is not looked
// into, so one that a superuser owns and that calls another's is the superuser's own doing. Column
// defaults are asked too: the contents of an archive do not tell them from generated columns.
#include "verify/traps.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "pg/server_facts.h"
#include "util/error.h"
#include "util/text.h"
#include "verify/sql_traps.h"
#include "verify/verify.h"

namespace verify {
namespace {

using util::cat;

constexpr std::size_t kNamed = 5;  // functions in a message

// Entries that make the server evaluate something before the restore has ended …
constexpr std::array<std::string_view, 7> kEvaluating{
    "TABLE",   "INDEX",      "CONSTRAINT",       "CHECK CONSTRAINT",
    "DEFAULT", "STATISTICS", "MATERIALIZED VIEW"};
// … and those on the way from there to a function.
constexpr std::array<std::string_view, 8> kBetween{
    "VIEW",     "TYPE",           "DOMAIN",          "SHELL TYPE",
    "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "CAST"};
constexpr std::array<std::string_view, 3> kFunctions{"FUNCTION", "PROCEDURE", "AGGREGATE"};

template <std::size_t Size>
bool one_of(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A view that others need before its own turn comes in two: itself, and its query as a rule.
bool is_query_of_view(const archive::TocEntry& entry) {
  constexpr std::string_view kEnd = " _RETURN";
  return entry.desc == "RULE" && entry.tag.size() > kEnd.size() &&
         std::string_view(entry.tag).substr(entry.tag.size() - kEnd.size()) == kEnd;
}

bool evaluates(const archive::TocEntry& entry) {
  return one_of(kEvaluating, entry.desc) || is_query_of_view(entry);
}

// Everything that the evaluating entries need, at any distance.
class Reach {
 public:
  explicit Reach(const archive::Toc& toc) : toc_(toc) {
    for (const archive::TocEntry& entry : toc.entries) {
      if (evaluates(entry)) follow(entry);
    }
  }
  const std::vector<const archive::TocEntry*>& functions() const noexcept { return functions_; }

 private:
  void follow(const archive::TocEntry& from) {
    std::vector<const archive::TocEntry*> waiting{&from};
    while (!waiting.empty()) {
      const archive::TocEntry* const entry = waiting.back();
      waiting.pop_back();
      if (!seen_.insert(entry->dump_id).second) continue;
      const bool function = one_of(kFunctions, entry->desc);
      if (function) functions_.push_back(entry);
      if (!function && !evaluates(*entry) && !one_of(kBetween, entry->desc)) continue;
      for (const int id : entry->dependencies) {
        if (const archive::TocEntry* const next = toc_.find(id)) waiting.push_back(next);
      }
    }
  }

  const archive::Toc& toc_;
  std::set<int> seen_;
  std::vector<const archive::TocEntry*> functions_;
};

std::vector<std::string> superusers_of(pg::Connection& connection) {
  std::vector<std::string> names;
  const pg::Result rows = connection.query(sql::superusers());
  for (int row = 0; row < rows.row_count(); ++row) names.push_back(rows.str(row, 0));
  return names;
}

std::string trap_text(std::string_view function, std::string_view owner) {
  return util::printable(cat(function, " of ", owner));
}

}  // namespace

std::vector<std::string> superuser_traps(pg::Connection& connection) {
  if (!pg::role_facts(connection).superuser) return {};
  std::vector<std::string> out;
  const pg::Result rows = connection.query(sql::traps());
  for (int row = 0; row < rows.row_count(); ++row)
    out.push_back(trap_text(rows.str(row, 0), rows.str(row, 1)));
  return out;
}

std::vector<std::string> traps_in(const archive::Toc& toc,
                                  const std::vector<std::string>& superusers) {
  std::vector<std::string> out;
  const Reach reach(toc);
  for (const archive::TocEntry* const function : reach.functions()) {
    const std::string owner = function->owner.value_or("");
    if (std::find(superusers.begin(), superusers.end(), owner) != superusers.end()) continue;
    out.push_back(trap_text(cat(function->schema.value_or(""), ".", function->tag), owner));
  }
  std::sort(out.begin(), out.end());
  return out;
}

void refuse_traps(pg::Connection& connection, const archive::Toc& toc) {
  const pg::RoleFacts role = pg::role_facts(connection);
  if (!role.superuser) return;
  std::vector<std::string> traps = traps_in(toc, superusers_of(connection));
  if (traps.empty()) return;
  const std::size_t more = traps.size() - std::min(traps.size(), kNamed);
  traps.resize(traps.size() - more);
  throw util::Error(
      util::Kind::Proof,
      cat("the restore would run functions of other roles as superuser ",
          util::printable(role.name), ": ", util::join(traps, ", "),
          more > 0 ? cat(" and ", more, " more") : ""),
      {.hint = "Connect as the role that owns the database instead, or, if its owners may act as "
               "superuser, set accept_superuser_functions in the configuration.",
       .sqlstate = {}});
}

}  // namespace verify
