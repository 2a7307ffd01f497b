// Each change is written on its own (Writer); what depends on what decides which of them can be
// done (Plan) and in which order (script_order.cc).
#include "schema/as_sql.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "schema/script.h"
#include "schema/script_rebuild.h"
#include "schema/script_writer.h"
#include "schema/tell.h"
#include "util/text.h"

namespace schema {
namespace {

using util::cat;

std::uint64_t position_of(const Element& column) {
  return util::parse_u64(column.value("position")).value_or(0);
}

// Columns of one relation come in their order: they are added so.
std::vector<const Change*> in_order_of_columns(const std::vector<Change>& changes) {
  std::vector<const Change*> sorted;
  for (const Change& change : changes) sorted.push_back(&change);
  std::stable_sort(sorted.begin(), sorted.end(), [](const Change* a, const Change* b) {
    const Element &left = a->element(), &right = b->element();
    if (left.kind != Kind::Column || right.kind != Kind::Column) return left.kind < right.kind;
    return std::pair(std::string_view(left.of), position_of(left)) <
           std::pair(std::string_view(right.of), position_of(right));
  });
  return sorted;
}

// What can be done of all the changes.
class Plan {
 public:
  Plan(const std::vector<Change>& changes, const Model& before, const Model& after)
      : changes_(in_order_of_columns(changes)),
        before_(before),
        after_(after),
        rebuild_(changes, before, after),
        writer_(before, after) {
    for (const Change* const change : changes_) by_element_.emplace(&change->element(), change);
  }

  Script run() {
    for (const Change* const change : changes_) {
      if (!writer_.write(*change, remade_by_itself(*change))) leave(*change, {});
    }
    do {
      again_ = false;
      make_way();
      leave_what_needs_them();
    } while (again_);
    return script();
  }

 private:
  bool is_left(const Change& change) const { return left_.contains(&change); }
  void leave(const Change& change, std::string why) {
    again_ = left_.emplace(&change, std::move(why)).second || again_;
  }

  Remade remade_by_itself(const Change& change) const {
    const bool other = is_other_function(change) ||
                       (change.what == Change::What::Changed && change.after->kind == Kind::View &&
                        remade_.contains(change.after->identity));
    return other ? Remade::Yes : Remade::No;
  }

  const Change* change_of(const Element* element) const {
    const auto found = by_element_.find(element);
    return found == by_element_.end() ? nullptr : found->second;
  }

  // Why the view cannot be dropped and made again; empty: it can.
  std::string why_view_stays(const std::string& identity) const {
    const Element* const was = before_.find(Kind::View, identity);
    const Element* const is = after_.find(Kind::View, identity);
    const Change* const change = change_of(is);
    const bool plain = is_plain_view(*was, before_) && is_plain_view(*is, after_) &&
                       writer_.made_again(*was, *is).has_value();
    return plain && (change == nullptr || !is_left(*change)) ? std::string() : subject(*is);
  }

  void make_way() {
    remade_.clear();
    for (const Change* const change : changes_) {
      if (is_left(*change)) continue;
      const InTheWay way = rebuild_.in_the_way(*change);
      std::string why = way.other != nullptr ? subject(*way.other) : std::string();
      for (const std::string& view : way.views) {
        if (why.empty()) why = why_view_stays(view);
      }
      if (!why.empty() && why != subject(change->element())) {
        leave(*change, cat(why, " depends on it"));
      } else if (!why.empty()) {
        leave(*change, {});
      } else {
        remade_.insert(way.views.begin(), way.views.end());
      }
    }
  }

  // What is not made here cannot be used here, and what is still used cannot be dropped.
  void leave_what_needs_them() {
    std::map<std::string, const Element*, std::less<>> not_made;
    std::multimap<std::string, const Element*, std::less<>> still_used;
    for (const auto& [change, why] : left_) {
      if (change->what == Change::What::Added)
        not_made.emplace(called(*change->after), change->after);
      if (change->before == nullptr) continue;
      for (const std::string& name : names_in(*change->before).qualified)
        still_used.emplace(name, change->before);
    }
    for (const Change* const change : changes_) {
      if (is_left(*change)) continue;
      if (change->after != nullptr) leave_if_it_needs(*change, not_made);
      const bool drops = change->what == Change::What::Removed || is_other_function(*change);
      if (!drops || is_left(*change)) continue;
      const auto user = still_used.find(called(*change->before));
      if (user != still_used.end() && user->second->of != change->before->identity)
        leave(*change, cat(subject(*user->second), " still uses it"));
    }
  }

  void leave_if_it_needs(const Change& change,
                         const std::map<std::string, const Element*, std::less<>>& not_made) {
    // What is made with something else is told with it.
    if (not_made.empty() || writer_.write(change, remade_by_itself(change))->empty()) return;
    for (const std::string& name : needs_of(*change.after, after_)) {
      const auto found = not_made.find(name);
      if (found == not_made.end() || found->second == change.after) continue;
      return leave(change, cat("it needs ", subject(*found->second)));
    }
  }

  // Nothing moves a column: where what is left and what comes is in another order than it should
  // be.
  std::vector<std::string> other_orders() const {
    std::set<std::string_view> tables;
    for (const Change* const change : changes_) {
      const Element& element = change->element();
      if (element.kind == Kind::Column && before_.find(Kind::Table, element.of) != nullptr &&
          after_.find(Kind::Table, element.of) != nullptr)
        tables.insert(element.of);
    }
    std::map<std::string_view, std::vector<const Element*>> columns;
    for (const Element& element : after_.elements) {
      if (element.kind == Kind::Column && tables.contains(element.of))
        columns[element.of].push_back(&element);
    }
    std::vector<std::string> lines;
    for (auto& [table, list] : columns) {
      std::sort(list.begin(), list.end(), [](const Element* a, const Element* b) {
        return position_of(*a) < position_of(*b);
      });
      const auto old_position = [&](const Element* column) {
        const Element* const was = before_.find(Kind::Column, column->identity);
        return was == nullptr ? UINT64_MAX : position_of(*was);
      };
      const bool same = std::is_sorted(
          list.begin(), list.end(),
          [&](const Element* a, const Element* b) { return old_position(a) < old_position(b); });
      if (same) continue;
      std::vector<std::string> names;
      for (const Element* const column : list) names.push_back(util::printable(column->name));
      lines.push_back(cat("table ", util::printable(table),
                          ": order of its columns: ", util::join(names, ", ")));
    }
    return lines;
  }

  Script script() const {
    Statements statements;
    for (const Change* const change : changes_) {
      if (!is_left(*change)) append(statements, *writer_.write(*change, remade_by_itself(*change)));
    }
    for (const std::string& view : remade_) {
      const Element* const is = after_.find(Kind::View, view);
      if (change_of(is) == nullptr)
        append(statements, *writer_.made_again(*before_.find(Kind::View, view), *is));
    }
    const bool functions =
        std::any_of(statements.begin(), statements.end(),
                    [](const Statement& statement) { return statement.phase == Phase::Function; });
    Script out;
    // Bodies may name what is made later.
    if (functions) out.statements.emplace_back("SET LOCAL check_function_bodies = off;");
    for (Statement& statement : in_order(std::move(statements)))
      out.statements.push_back(std::move(statement.text));
    for (const Change* const change : changes_) {
      const auto left = left_.find(change);
      if (left == left_.end()) continue;
      out.left.push_back(
          cat(tell(*change), left->second.empty() ? "" : cat(" (", left->second, ")")));
    }
    for (std::string& line : other_orders()) out.left.push_back(std::move(line));
    return out;
  }

  std::vector<const Change*> changes_;
  const Model& before_;
  const Model& after_;
  Rebuild rebuild_;
  Writer writer_;
  std::map<const Element*, const Change*> by_element_;
  std::map<const Change*, std::string> left_;  // and why
  Identities remade_;                          // views
  bool again_ = false;
};

}  // namespace

Script as_sql(const std::vector<Change>& changes, const Model& before, const Model& after) {
  return Plan(changes, before, after).run();
}

std::string to_text(const Script& script) {
  std::string text = "BEGIN;\n";
  for (const std::string& statement : script.statements) text += cat(statement, "\n");
  text += "COMMIT;\n";
  if (!script.left.empty()) text += "-- Left to a person:\n";
  for (const std::string& line : script.left) text += cat("-- ", line, "\n");
  return text;
}

}  // namespace schema
