#include "check/check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "check/relations.h"
#include "check/sql_check.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace check {
namespace {

using util::cat;

std::uint32_t oid_at(const pg::Result& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.u64(row, column));
}

std::vector<WatchedTable> watch_tables(const Relations& relations,
                                       const std::vector<TableRows>& rows) {
  std::map<pg::QualifiedName, std::uint64_t> counts;
  for (const TableRows& table : rows) counts[table.name] = table.rows;
  std::vector<WatchedTable> out;
  for (const auto& [oid, relation] : relations.all()) {
    if (relation.partition || relation.kind == RelationKind::Other) continue;
    WatchedTable watched{
        .table = {oid, relation.name}, .parts = {}, .ancestors = relations.ancestors(oid)};
    bool in_backup = relation.kind == RelationKind::Partitioned;
    const auto add = [&](const pg::QualifiedName& name) {
      const auto found = counts.find(name);
      if (found == counts.end()) return;
      watched.rows += found->second;
      in_backup = true;
    };
    add(relation.name);
    for (const RelationNow* const part : relations.parts(oid)) {
      watched.parts.push_back({part->oid, part->name});
      add(part->name);
    }
    if (in_backup) out.push_back(std::move(watched));
  }
  std::sort(out.begin(), out.end(), [](const WatchedTable& a, const WatchedTable& b) {
    return a.table.name < b.table.name;
  });
  return out;
}

bool names(const Announced& announced, const pg::QualifiedName& table) {
  if (announced.everything) return true;
  if (std::find(announced.schemas.begin(), announced.schemas.end(), table.schema) !=
      announced.schemas.end()) {
    return true;
  }
  return std::any_of(
      announced.tables.begin(), announced.tables.end(), [&](const pg::QualifiedName& said) {
        return said.name == table.name && (said.schema.empty() || said.schema == table.schema);
      });
}

// What is removed from a partition is removed from its tree, what is removed from a parent from its
// children.
bool is_announced(const Announced& announced, const WatchedTable& table) {
  return names(announced, table.table.name) ||
         std::any_of(table.parts.begin(), table.parts.end(),
                     [&](const Relation& part) { return names(announced, part.name); }) ||
         std::any_of(table.ancestors.begin(), table.ancestors.end(),
                     [&](const pg::QualifiedName& ancestor) { return names(announced, ancestor); });
}

// Where the rows of a table are now: under its name, under its OID, and in the parts that still
// exist.
std::vector<const RelationNow*> places(const Relations& now, const WatchedTable& before) {
  std::vector<const RelationNow*> out;
  std::set<std::uint32_t> seen;
  const auto add = [&](const RelationNow* relation) {
    if (relation != nullptr && seen.insert(relation->oid).second) out.push_back(relation);
  };
  const auto add_tree = [&](const RelationNow* top) {
    if (top == nullptr) return;
    add(top);
    for (const RelationNow* const part : now.parts(top->oid)) add(part);
  };
  add_tree(now.by_name(before.table.name));
  add_tree(now.by_oid(before.table.oid));
  for (const Relation& part : before.parts) add_tree(now.by_oid(part.oid));
  return out;
}

class Judge {
 public:
  Judge(pg::Connection& connection, const Options& options, std::stop_token stop)
      : connection_(connection),
        options_(options),
        stop_(std::move(stop)),
        now_(Relations::read(connection)) {}

  void tables(const std::vector<WatchedTable>& before) {
    for (const WatchedTable& table : before) {
      util::throw_if_stopped(stop_);
      judge(table);
    }
  }

  void indexes(const std::vector<std::uint32_t>& before) {
    const pg::Result rows = connection_.query(sql::indexes_not_valid());
    for (int row = 0; row < rows.row_count(); ++row) {
      if (std::find(before.begin(), before.end(), oid_at(rows, row, 0)) != before.end()) continue;
      const bool partitioned = rows.str(row, 4) == "I";
      const std::string name = pg::QualifiedName{rows.str(row, 1), rows.str(row, 2)}.display();
      add({.severity = partitioned ? Severity::Warning : Severity::Failure,
           .code = "index-invalid",
           .object = name,
           .text = cat("index ", name, " on ", rows.str(row, 3), " is invalid",
                       partitioned ? ": not every partition has its own yet" : ""),
           .hint = partitioned ? "Build the indexes of the other partitions and attach them."
                               : "A CREATE INDEX CONCURRENTLY has failed or was interrupted: drop "
                                 "the index and "
                                 "build it again."});
    }
  }

  void constraints(const std::vector<Constraint>& before) {
    std::map<std::pair<std::uint32_t, std::string>, bool> known;
    for (const Constraint& constraint : before)
      known[{constraint.owner_oid, constraint.name}] = constraint.valid;
    const pg::Result rows = connection_.query(sql::constraints());
    for (int row = 0; row < rows.row_count(); ++row) {
      if (rows.boolean(row, 2)) continue;
      const auto found = known.find({oid_at(rows, row, 0), rows.str(row, 1)});
      if (found != known.end() && !found->second) continue;  // was so before
      const bool was_valid = found != known.end();
      add({.severity = was_valid ? Severity::Failure : Severity::Warning,
           .code = "constraint-not-valid",
           .object = util::printable(rows.str(row, 1)),
           .text = cat("constraint ", util::printable(rows.str(row, 1)), " of ", rows.str(row, 3),
                       " is not valid", was_valid ? ", and was before" : ""),
           .hint = "Check the existing rows with ALTER … VALIDATE CONSTRAINT."});
    }
  }

  std::vector<Finding> take() { return std::move(findings_); }

 private:
  void add(Finding finding) { findings_.push_back(std::move(finding)); }

  void judge(const WatchedTable& before) {
    const RelationNow* const by_oid = now_.by_oid(before.table.oid);
    if (now_.by_name(before.table.name) == nullptr) {
      if (by_oid == nullptr) return vanished(before);
      add({.severity = Severity::Note,
           .code = "table-renamed",
           .object = before.table.name.display(),
           .text = cat("table ", before.table.name.display(), " is now ", by_oid->name.display()),
           .hint = {}});
    }
    if (options_.count_rows == CountRows::No || before.rows == 0) return;
    if (const std::optional<std::uint64_t> rows = count(before); rows && *rows < before.rows)
      shrank(before, *rows);
  }

  void vanished(const WatchedTable& before) {
    const bool announced = is_announced(options_.announced, before);
    add({.severity = announced ? Severity::Note : Severity::Failure,
         .code = "table-vanished",
         .object = before.table.name.display(),
         .text = cat("table ", before.table.name.display(), " is gone, with its ",
                     util::show_count(before.rows), " rows", announced ? ", as announced" : ""),
         .hint = announced ? std::string() : allow_hint(before)});
  }

  void shrank(const WatchedTable& before, std::uint64_t rows) {
    const bool announced = is_announced(options_.announced, before);
    add({.severity = announced ? Severity::Note : Severity::Failure,
         .code = "table-shrank",
         .object = before.table.name.display(),
         .text = cat("table ", before.table.name.display(), " has ", util::show_count(rows),
                     " rows, ", util::show_count(before.rows), " at the backup",
                     announced ? ", as announced" : ""),
         .hint = announced ? std::string() : allow_hint(before)});
  }

  static std::string allow_hint(const WatchedTable& before) {
    return cat("If the migration is meant to remove ", before.rows == 0 ? "it" : "them",
               ", run it with "
               "--allow-destructive.");
  }

  // Nothing if a part of it could not be counted.
  std::optional<std::uint64_t> count(const WatchedTable& before) {
    std::uint64_t rows = 0;
    for (const RelationNow* const place : places(now_, before)) {
      if (place->kind == RelationKind::Partitioned) continue;  // its rows are in its parts
      util::throw_if_stopped(stop_);
      try {
        rows += count(*place);
      } catch (const util::Error& error) {
        if (error.kind() == util::Kind::Connect || stop_.stop_requested()) throw;
        add({.severity = Severity::Warning,
             .code = "table-not-counted",
             .object = place->name.display(),
             .text = cat("the rows of ", place->name.display(),
                         " could not be counted: ", error.message()),
             .hint = {}});
        return std::nullopt;
      }
      if (rows >= before.rows) break;
    }
    return rows;
  }

  std::uint64_t count(const RelationNow& place) {
    const auto known = counted_.find(place.oid);
    if (known != counted_.end()) return known->second;
    pg::Transaction transaction(connection_);
    connection_.execute(sql::session_settings());
    const std::string name = place.name.quoted();
    const std::uint64_t rows =
        connection_
            .query(place.kind == RelationKind::Table ? sql::count_rows(name)
                                                     : sql::count_query_rows(name))
            .u64(0, 0);
    counted_.emplace(place.oid, rows);
    return rows;
  }

  pg::Connection& connection_;
  const Options& options_;
  std::stop_token stop_;
  Relations now_;
  std::map<std::uint32_t, std::uint64_t> counted_;
  std::vector<Finding> findings_;
};

// The parts of a dotted name as an operator writes it; folded unless quoted.
std::vector<std::string> name_parts(std::string_view text) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (;;) {
    std::string part;
    const bool quoted = at < text.size() && text[at] == '"';
    if (quoted) {
      for (++at; at < text.size() && !(text[at] == '"' && text.substr(at + 1, 1) != "\""); ++at) {
        part += text[at];
        if (text[at] == '"') ++at;
      }
      if (at == text.size()) return {};
      ++at;
    } else {
      const std::size_t end = std::min(text.find_first_of(".\" ", at), text.size());
      part = util::lower(text.substr(at, end - at));
      at = end;
    }
    if (part.empty()) return {};
    parts.push_back(std::move(part));
    if (at == text.size()) return parts;
    if (text[at++] != '.') return {};
  }
}

}  // namespace

Before capture(pg::Connection& connection, const std::vector<TableRows>& rows) {
  const pg::Transaction transaction(connection, pg::Transaction::Mode::RepeatableReadOnly);
  Before before;
  before.tables = watch_tables(Relations::read(connection), rows);
  const pg::Result indexes = connection.query(sql::indexes_not_valid());
  for (int row = 0; row < indexes.row_count(); ++row)
    before.invalid_indexes.push_back(oid_at(indexes, row, 0));
  const pg::Result constraints = connection.query(sql::constraints());
  for (int row = 0; row < constraints.row_count(); ++row) {
    before.constraints.push_back(
        {oid_at(constraints, row, 0), constraints.str(row, 1), constraints.boolean(row, 2)});
  }
  return before;
}

void announce(Announced& announced, std::string_view text) {
  text = util::trim(text);
  if (util::lower(text) == "all") {
    announced.everything = true;
    return;
  }
  const std::vector<std::string> parts = name_parts(text);
  if (parts.empty() || parts.size() > 2) {
    throw util::Error(util::Kind::Usage, cat("not the name of a table: ", util::printable(text)),
                      {.hint = "Write table, schema.table, or all.", .sqlstate = {}});
  }
  announced.tables.push_back(parts.size() == 1 ? pg::QualifiedName{"", parts[0]}
                                               : pg::QualifiedName{parts[0], parts[1]});
}

std::vector<Finding> after(pg::Connection& connection, const Before& before, const Options& options,
                           std::stop_token stop) {
  const pg::CancelOnStop cancel(connection, stop);
  Judge judge(connection, options, std::move(stop));
  judge.tables(before.tables);
  judge.indexes(before.invalid_indexes);
  judge.constraints(before.constraints);
  return judge.take();
}

bool failed(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& finding) { return finding.severity == Severity::Failure; });
}

}  // namespace check
