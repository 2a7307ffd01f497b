// The order of the entries.
//
// Dependencies are those of pg_depend, each end taken as the entry that it is part of. Circles are
// broken as pg_dump's documentation says: a default or CHECK that needs something of the user's
// stands apart from its table; a view becomes one of NULLs first, and gets its query with the rules
// after the data; what needs a key, such as a materialised view with GROUP BY, moves behind it.
#include <algorithm>
#include <array>
#include <queue>
#include <tuple>
#include <utility>

#include "schema/emit_draft.h"
#include "util/text.h"

namespace schema::emit_detail {
namespace {

using util::cat;

constexpr std::array<std::string_view, 50> kOrder{"DATABASE",
                                                  "DATABASE PROPERTIES",
                                                  "SCHEMA",
                                                  "EXTENSION",
                                                  "PROCEDURAL LANGUAGE",
                                                  "COLLATION",
                                                  "SHELL TYPE",
                                                  "TYPE",
                                                  "DOMAIN",
                                                  "FUNCTION",
                                                  "PROCEDURE",
                                                  "AGGREGATE",
                                                  "ACCESS METHOD",
                                                  "OPERATOR",
                                                  "OPERATOR FAMILY",
                                                  "OPERATOR CLASS",
                                                  "CAST",
                                                  "CONVERSION",
                                                  "TRANSFORM",
                                                  "TEXT SEARCH PARSER",
                                                  "TEXT SEARCH TEMPLATE",
                                                  "TEXT SEARCH DICTIONARY",
                                                  "TEXT SEARCH CONFIGURATION",
                                                  "FOREIGN DATA WRAPPER",
                                                  "SERVER",
                                                  "USER MAPPING",
                                                  "TABLE",
                                                  "FOREIGN TABLE",
                                                  "SEQUENCE",
                                                  "SEQUENCE OWNED BY",
                                                  "TABLE ATTACH",
                                                  "VIEW",
                                                  "MATERIALIZED VIEW",
                                                  "DEFAULT",
                                                  "CHECK CONSTRAINT",
                                                  "CONSTRAINT",
                                                  "INDEX",
                                                  "INDEX ATTACH",
                                                  "STATISTICS",
                                                  "RULE",
                                                  "TRIGGER",
                                                  "FK CONSTRAINT",
                                                  "ROW SECURITY",
                                                  "POLICY",
                                                  "PUBLICATION",
                                                  "PUBLICATION TABLE",
                                                  "PUBLICATION TABLES IN SCHEMA",
                                                  "SUBSCRIPTION",
                                                  "EVENT TRIGGER",
                                                  "DEFAULT ACL"};

std::size_t rank(const Emitted& entry) {
  const auto* const found = std::find(kOrder.begin(), kOrder.end(), entry.kind);
  return static_cast<std::size_t>(found - kOrder.begin());
}

using Needs = std::vector<std::vector<std::size_t>>;

class Sorter {
 public:
  Sorter(Drafts& drafts, const TableTexts& tables) : drafts_(drafts), tables_(tables) {
    for (const Edge& edge : drafts_.edges) {
      edges_from_[edge.from].push_back(edge);
      if (edge.from.class_oid == kRules && edge.type == 'i') query_of_.emplace(edge.to, edge.from);
    }
    for (std::size_t n = 0; n < entries().size(); ++n) {
      if (entries()[n].kind != "INDEX ATTACH") continue;
      for (const Edge& edge : edges_from({kRelations, entries()[n].address.oid})) {
        if (edge.type == 'P') attached_to_[edge.to.oid].push_back(n);
      }
    }
  }

  std::vector<std::size_t> sorted() {
    separate_defaults();
    do {
      add_separate_constraints();
      link();
    } while (break_a_circle() || move_behind_data());
    tables_.write(drafts_);
    return in_sequence();
  }

 private:
  std::vector<Emitted>& entries() { return drafts_.entries; }

  const std::vector<Edge>& edges_from(const Address& address) const {
    static const std::vector<Edge> none;
    const auto found = edges_from_.find(address);
    return found != edges_from_.end() ? found->second : none;
  }

  // A default that needs nothing of the user's stays within its table.
  void separate_defaults() {
    std::set<std::uint32_t> needing;
    for (const Edge& edge : drafts_.edges) {
      if (edge.from.class_oid != kDefaults || edge.to.class_oid == kRelations) {
        if (edge.from.class_oid != kDefaults) continue;
        // Its own table, or a sequence.
        const auto owner = drafts_.owners.find(edge.from);
        if (owner != drafts_.owners.end() && owner->second == edge.to) continue;
      }
      needing.insert(edge.from.oid);
    }
    for (std::size_t n = 0; n < entries().size(); ++n) {
      Emitted& entry = entries()[n];
      if (entry.kind != "DEFAULT") continue;
      if (needing.contains(entry.address.oid) || entry.definition.starts_with("ALTER VIEW ")) {
        drafts_.separate.insert(entry.address);
        continue;
      }
      drafts_.by_address.erase(entry.address);
      gone_.insert(n);
    }
  }

  void add_separate_constraints() {
    for (const auto& [address, separable] : drafts_.separable) {
      if (drafts_.separate.contains(address) && !drafts_.by_address.contains(address))
        drafts_.add(separable.apart);
    }
  }

  // The entry that an edge ends in: an extension stands for its members.
  std::optional<std::size_t> target(const Address& address) const {
    if (const auto member = drafts_.members.find(address); member != drafts_.members.end())
      return drafts_.entry_of({kExtensions, member->second});
    return drafts_.entry_of(address);
  }

  void link() {
    needs_.assign(entries().size(), {});
    std::set<std::pair<std::size_t, std::size_t>> direct;
    for (const Edge& edge : drafts_.edges) {
      const auto from = drafts_.entry_of(edge.from);
      const auto to = target(edge.to);
      if (from && to && *from != *to) direct.emplace(*from, *to);
    }
    for (const Edge& edge : drafts_.edges) {
      const auto from = drafts_.entry_of(edge.from);
      const auto to = target(edge.to);
      if (!from || !to || *from == *to || !counts(edge, *from)) continue;
      needs_[*from].push_back(shell_instead(*from, *to, direct));
      if (entries()[*from].kind == "FK CONSTRAINT" && edge.to.class_oid == kRelations)
        need_attached(*from, edge.to.oid);
    }
    for (std::size_t n = 0; n < entries().size(); ++n) add_needs_of_parts(n);
    keep_each_need_once();
  }

  // In the order in which they were found: a reader may look at the first one.
  void keep_each_need_once() {
    std::vector<std::size_t> needed_by(needs_.size(), needs_.size());
    for (std::size_t n = 0; n < needs_.size(); ++n) {
      std::erase_if(needs_[n],
                    [&](std::size_t need) { return std::exchange(needed_by[need], n) == n; });
    }
  }

  // The index of a partitioned table is good for a foreign key when those of all partitions are
  // attached to it.
  void need_attached(std::size_t n, std::uint32_t index) {
    const auto found = attached_to_.find(index);
    if (found == attached_to_.end()) return;
    for (const std::size_t attach : found->second) {
      needs_[n].push_back(attach);
      need_attached(n, entries()[attach].address.oid);
    }
  }

  // That a sequence belongs to a column is an entry of its own.
  bool counts(const Edge& edge, std::size_t from) const {
    return edge.type != 'a' || drafts_.entries[from].kind != "SEQUENCE" ||
           edge.to.class_oid != kRelations;
  }

  // A function that a type is made of needs the type only as a shell.
  std::size_t shell_instead(std::size_t from, std::size_t to,
                            const std::set<std::pair<std::size_t, std::size_t>>& direct) const {
    const Emitted& type = drafts_.entries[to];
    const auto shell = drafts_.shells.find(type.address.oid);
    if (type.address.class_oid != kTypes || shell == drafts_.shells.end()) return to;
    return direct.contains({to, from}) ? shell->second : to;
  }

  void add_needs_of_parts(std::size_t n) {
    const Emitted& entry = entries()[n];
    const auto need = [&](Address address) {
      if (const auto found = drafts_.by_address.find(address); found != drafts_.by_address.end())
        needs_[n].push_back(found->second);
    };
    if (entry.address.class_oid == kTypes && entry.kind != "SHELL TYPE") {
      const auto shell = drafts_.shells.find(entry.address.oid);
      if (shell != drafts_.shells.end()) needs_[n].push_back(shell->second);
    }
    if (entry.address.class_oid == kTypes && entry.kind == "DOMAIN") return;
    if (entry.kind == "SHELL TYPE" && entry.address.class_oid == 0) {
      for (const Edge& edge : edges_from({kTypes, entry.address.oid})) {
        if (edge.to.class_oid == kSchemas) need(edge.to);
      }
    }
    if (entry.address.class_oid != 0 || entry.kind == "SHELL TYPE") return;
    if (entry.kind == "INDEX ATTACH") {
      need_index(n, entry.address.oid);
      for (const Edge& edge : edges_from({kRelations, entry.address.oid})) {
        if (edge.type == 'P') need_index(n, edge.to.oid);
      }
      return;
    }
    need({kRelations, entry.address.oid});
    if (entry.kind == "TABLE ATTACH") need({kRelations, drafts_.attached.at(entry.address.oid)});
    if (entry.kind == "SEQUENCE OWNED BY") {
      for (const Edge& edge : edges_from({kRelations, entry.address.oid})) {
        if (edge.type == 'a') need(edge.to);
      }
    }
  }

  // The index, or the constraint that it belongs to.
  void need_index(std::size_t n, std::uint32_t oid) {
    if (const auto found = drafts_.entry_of({kRelations, oid})) needs_[n].push_back(*found);
  }

  // What cannot be put in order: the members of circles and what lies between two of them.
  std::vector<std::size_t> in_circles() const {
    const std::size_t count = needs_.size();
    std::vector<bool> out(count, false);
    const auto peel = [&](const Needs& needs, const Needs& needed_by) {
      std::vector<std::size_t> open(count, 0);
      std::vector<std::size_t> ready;
      for (std::size_t n = 0; n < count; ++n) {
        if (out[n]) continue;
        for (const std::size_t need : needs[n]) open[n] += out[need] ? 0U : 1U;
        if (open[n] == 0) ready.push_back(n);
      }
      while (!ready.empty()) {
        const std::size_t n = ready.back();
        ready.pop_back();
        out[n] = true;
        for (const std::size_t other : needed_by[n]) {
          if (!out[other] && --open[other] == 0) ready.push_back(other);
        }
      }
    };
    Needs reversed(count);
    for (std::size_t n = 0; n < count; ++n) {
      for (const std::size_t need : needs_[n]) reversed[need].push_back(n);
    }
    peel(needs_, reversed);
    peel(reversed, needs_);
    std::vector<std::size_t> rest;
    for (std::size_t n = 0; n < count; ++n) {
      if (!out[n] && !gone_.contains(n)) rest.push_back(n);
    }
    return rest;
  }

  bool break_a_circle() {
    const std::vector<std::size_t> circle = in_circles();
    if (circle.empty()) return false;
    const std::set<std::size_t> members(circle.begin(), circle.end());
    if (separate_constraints_of(members)) return true;
    for (const std::size_t n : circle) {
      if (make_dummy(n)) return true;
    }
    std::vector<std::string> names;
    constexpr std::size_t kShown = 5;
    for (const std::size_t n : circle) {
      if (names.size() < kShown) names.push_back(entries()[n].phrase);
    }
    refuse(util::join(names, ", "), "they need each other, and there is no order to make them in");
  }

  bool separate_constraints_of(const std::set<std::size_t>& circle) {
    bool any = false;
    for (const Edge& edge : drafts_.edges) {
      if (edge.from.class_oid != kConstraints || !drafts_.separable.contains(edge.from)) continue;
      const auto from = drafts_.entry_of(edge.from);
      const auto to = target(edge.to);
      if (!from || !to || *from == *to || !circle.contains(*from) || !circle.contains(*to))
        continue;
      any = drafts_.separate.insert(edge.from).second || any;
    }
    return any;
  }

  // A view of NULLs, and its query as what pg_dump calls the rule of the view.
  bool make_dummy(std::size_t n) {
    if (entries()[n].kind != "VIEW" || dummies_.contains(n)) return false;
    Emitted rule = entries()[n];
    const auto query = query_of_.find(rule.address);
    if (query == query_of_.end()) return false;
    const std::string dummy = drafts_.dummies.at(rule.address.oid);
    rule.address = query->second;
    rule.kind = "RULE";
    rule.tag += " _RETURN";
    rule.part = Part::AfterData;
    rule.relkind = 0;
    rule.phrase.clear();
    rule.definition.replace(0, std::string_view("CREATE ").size(), "CREATE OR REPLACE ");
    rule.drop = cat("CREATE OR REPLACE ",
                    std::string_view(dummy).substr(std::string_view("CREATE ").size()));
    entries()[n].definition = dummy;
    dummies_.insert(n);
    drafts_.add(std::move(rule));
    return true;
  }

  // What comes before the data must not need what comes after them.
  bool move_behind_data() {
    bool any = false;
    const std::size_t count = needs_.size();
    for (std::size_t n = 0; n < count; ++n) {
      if (entries()[n].part != Part::BeforeData || gone_.contains(n)) continue;
      const auto late = std::find_if(needs_[n].begin(), needs_[n].end(), [&](std::size_t need) {
        return entries()[need].part == Part::AfterData;
      });
      if (late == needs_[n].end()) continue;
      any = true;
      if (make_dummy(n)) continue;
      constexpr std::array<std::string_view, 6> kMovable{
          "FUNCTION", "PROCEDURE", "AGGREGATE", "MATERIALIZED VIEW", "DEFAULT", "VIEW"};
      if (std::find(kMovable.begin(), kMovable.end(), entries()[n].kind) == kMovable.end()) {
        refuse(entries()[n].phrase,
               cat("it needs ", entries()[*late].kind, " ", entries()[*late].tag,
                   ", which can only be made after the rows are there"));
      }
      entries()[n].part = Part::AfterData;
    }
    return any;
  }

  // The next one is always the first, by part, kind and name, of those that need nothing more.
  std::vector<std::size_t> in_sequence() {
    const std::size_t count = entries().size();
    std::vector<std::size_t> order(count), place(count), open(count, 0), ranks(count);
    for (std::size_t n = 0; n < count; ++n) order[n] = n;
    std::transform(entries().begin(), entries().end(), ranks.begin(), rank);
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      const auto key = [&](const std::size_t& n) {
        const Emitted& entry = entries()[n];
        return std::tie(entry.part, ranks[n], entry.schema, entry.tag, entry.phrase, n);
      };
      return key(a) < key(b);
    });
    for (std::size_t at = 0; at < count; ++at) place[order[at]] = at;
    Needs reversed(count);
    for (std::size_t n = 0; n < count; ++n) {
      open[n] = needs_[n].size();
      for (const std::size_t need : needs_[n]) reversed[need].push_back(n);
    }
    std::priority_queue<std::size_t, std::vector<std::size_t>, std::greater<>> ready;
    for (std::size_t n = 0; n < count; ++n) {
      if (open[n] == 0) ready.push(place[n]);
    }
    std::vector<std::size_t> sorted;
    while (!ready.empty()) {
      const std::size_t n = order[ready.top()];
      ready.pop();
      for (const std::size_t other : reversed[n]) {
        if (--open[other] == 0) ready.push(place[other]);
      }
      if (gone_.contains(n)) continue;
      sorted.push_back(n);
      entries()[n].depends_on = needs_[n];
    }
    return sorted;
  }

  Drafts& drafts_;
  const TableTexts& tables_;
  Needs needs_;
  std::map<Address, std::vector<Edge>> edges_from_;
  std::map<Address, Address> query_of_;                            // of views: their rules
  std::map<std::uint32_t, std::vector<std::size_t>> attached_to_;  // entries, by the parent's index
  std::set<std::size_t> gone_;     // defaults that stand within their table
  std::set<std::size_t> dummies_;  // views
};

}  // namespace

std::vector<std::size_t> in_order(Drafts& drafts, const TableTexts& tables) {
  return Sorter(drafts, tables).sorted();
}

}  // namespace schema::emit_detail
