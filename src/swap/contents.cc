// The order of dropping: an object goes when nothing that is left depends on it. Parts of objects
// (indexes, row types, constraints, members of an extension …) count as their whole. Objects that
// depend on one another in a circle, as tables with keys to each other do, have no such order: one
// of them is dropped with CASCADE, which can reach nothing but what is left, all of it of the same
// role and about to go.
#include "swap/contents.h"

#include <algorithm>
#include <map>
#include <set>

#include "swap/sql_contents.h"
#include "util/error.h"
#include "util/text.h"

namespace swap {
namespace {

using util::cat;
using Key = std::pair<std::uint32_t, std::uint32_t>;  // catalogue, OID

// Fixed in every server: catalog/pg_namespace.h and so on.
constexpr std::uint32_t kNamespaces = 2615;
constexpr std::uint32_t kPublications = 6104;
constexpr std::uint32_t kFirstOfUsers = 16384;
constexpr std::size_t kTogether = 100;  // statements in one round trip

// What only a superuser makes is nobody's content: it stays as it is and must be unchanged.
bool may_stay(const sql::ObjectRow& object) {
  for (const std::string_view kind :
       {"extension", "namespace", "event_trigger", "language", "foreign_data_wrapper",
        "publication", "am", "ts_parser", "ts_template", "cast", "transform", "default_acl"}) {
    if (object.kind == kind) return true;
  }
  return false;
}

std::string shown(const sql::ObjectRow& object) {
  return util::printable(cat(object.type, " ", object.identity));
}

class Reading {
 public:
  explicit Reading(pg::Connection& connection) : connection_(connection) {}

  Contents read() {
    for (sql::ObjectRow& object : sql::objects(connection_)) {
      const Key key{object.class_oid, object.oid};
      objects_.emplace(key, std::move(object));
    }
    link();
    settle_staying();
    order();
    describe();
    return std::move(out_);
  }

 private:
  // The smaller, the more it is the whole that `link` leads to.
  static int rank(const sql::Link& link) {
    if (link.on_class == kPublications) return 0;
    switch (link.type) {
      case 'e':
        return 1;
      case 'i':
        return 2;
      case 'a':
        return 3;
      case 'S':
        return 4;
      case 'P':
        return 5;
      default:
        return 6;
    }
  }

  void link() {
    const std::vector<sql::Link> links = sql::links(connection_);
    std::map<Key, const sql::Link*> whole;
    std::set<Key> known;
    for (const sql::Link& one : links) {
      if (one.oid >= kFirstOfUsers) known.insert({one.class_oid, one.oid});
      if (one.on >= kFirstOfUsers) known.insert({one.on_class, one.on});
      const sql::Link*& best = whole[{one.class_oid, one.oid}];
      if (best == nullptr || rank(one) < rank(*best)) best = &one;
    }
    const auto top = [&](Key key) -> const Key* {
      for (int depth = 0; depth < 100; ++depth) {
        if (const auto found = objects_.find(key); found != objects_.end()) return &found->first;
        const auto part = whole.find(key);
        if (part == whole.end()) return nullptr;
        key = {part->second->on_class, part->second->on};
      }
      return nullptr;
    };
    for (const sql::Link& one : links) {
      const Key* const from = top({one.class_oid, one.oid});
      const Key* const on = top({one.on_class, one.on});
      if (from == nullptr || on == nullptr || *from == *on) continue;
      needs_[*from].insert(*on);
      needed_by_[*on].insert(*from);
    }
    out_.locks = known.size();
  }

  bool goes(const Key& key) const { return !staying_.contains(key); }

  void stay(const Key& key) {
    if (!staying_.insert(key).second) return;
    for (const Key& on : needs_[key]) {
      if (!goes(on)) continue;
      const sql::ObjectRow& needed = objects_.at(on);
      if (needed.kind == "namespace" || needed.kind == "extension") {
        stay(on);
      } else {
        const sql::ObjectRow& object = objects_.at(key);
        out_.blockers.push_back(cat(shown(object), object.owner.empty() ? "" : " of ", object.owner,
                                    ", which stays, depends on ", shown(needed)));
      }
    }
  }

  void settle_staying() {
    for (const auto& [key, object] : objects_) {
      const bool is_public = object.kind == "namespace" && object.name == "public";
      if (object.ours && object.makes && !is_public) continue;
      if (!object.ours && !may_stay(object)) {
        out_.blockers.push_back(cat(shown(object), " belongs to ", util::printable(object.owner),
                                    ", whose rights this role has not"));
      }
      stay(key);
    }
    for (std::string& line : sql::large_objects_of_others(connection_))
      out_.blockers.push_back(std::move(line));
    for (std::string& line : sql::hidden_mappings(connection_))
      out_.blockers.push_back(std::move(line));
  }

  static std::string statement(const sql::ObjectRow& object, bool maybe_gone,
                               std::string_view behavior) {
    return cat("DROP ", object.keyword, maybe_gone ? " IF EXISTS " : " ", object.target,
               object.kind == "user_mapping" ? "" : behavior);
  }

  void order() {
    std::map<Key, std::size_t> waits_for;
    std::set<Key> ready;
    for (const auto& [key, object] : objects_) {
      if (!goes(key)) continue;
      std::size_t& count = waits_for[key];
      for (const Key& dependent : needed_by_[key]) count += goes(dependent) ? 1U : 0U;
      if (count == 0) ready.insert(key);
    }
    std::set<Key> maybe_gone;
    while (!waits_for.empty()) {
      const bool circle = ready.empty();
      const Key next = circle ? in_circle(waits_for) : *ready.rbegin();
      out_.drops.push_back(statement(objects_.at(next), maybe_gone.contains(next),
                                     circle ? " CASCADE" : " RESTRICT"));
      if (circle) mark_dependents(next, waits_for, maybe_gone);
      ready.erase(next);
      waits_for.erase(next);
      for (const Key& on : needs_[next]) {
        const auto left = waits_for.find(on);
        if (left != waits_for.end() && --left->second == 0) ready.insert(on);
      }
    }
  }

  // Every object that is left has a dependent that is left: going from one to the next comes back.
  Key in_circle(const std::map<Key, std::size_t>& left) {
    std::set<Key> seen;
    Key at = left.begin()->first;
    while (seen.insert(at).second) {
      const std::set<Key>& dependents = needed_by_[at];
      at = *std::find_if(dependents.begin(), dependents.end(),
                         [&](const Key& key) { return left.contains(key); });
    }
    return at;
  }

  void mark_dependents(const Key& of, const std::map<Key, std::size_t>& left, std::set<Key>& out) {
    std::vector<Key> open{of};
    while (!open.empty()) {
      const Key at = open.back();
      open.pop_back();
      for (const Key& dependent : needed_by_[at]) {
        if (left.contains(dependent) && out.insert(dependent).second) open.push_back(dependent);
      }
    }
  }

  void describe() {
    std::vector<std::uint32_t> extensions;
    for (const Key& key : staying_) {
      const sql::ObjectRow& object = objects_.at(key);
      out_.staying.push_back({.class_oid = key.first,
                              .oid = key.second,
                              .type = object.type,
                              .name = object.name,
                              .identity = object.identity,
                              .ours = object.ours && object.kind == "namespace"});
      if (object.kind == "extension") extensions.push_back(object.oid);
    }
    out_.staying_relations = sql::extension_relations(connection_, extensions);
    const sql::Counts counts = sql::counts(connection_);
    out_.relations = counts.relations;
    out_.large_objects = counts.large_objects;
    out_.locks += counts.large_objects;
  }

  pg::Connection& connection_;
  Contents out_;
  std::map<Key, sql::ObjectRow> objects_;
  std::map<Key, std::set<Key>> needs_, needed_by_;
  std::set<Key> staying_;
};

void require_same(const Contents& before, const Contents& now) {
  const auto line = [](const StayingObject& object) {
    return util::printable(cat(object.type, " ", object.identity));
  };
  std::vector<std::string> lines;
  for (const StayingObject& object : before.staying) {
    if (now.staying_of(object.class_oid, object.oid) == nullptr)
      lines.push_back(cat(line(object), " is gone"));
  }
  for (const StayingObject& object : now.staying) {
    if (before.staying_of(object.class_oid, object.oid) == nullptr)
      lines.push_back(cat(line(object), " is new"));
  }
  for (const std::string& drop : now.drops)
    lines.push_back(cat("not dropped: ", util::printable(drop)));
  if (lines.empty()) return;
  throw util::Error(
      util::Kind::NotUndone,
      cat("what was to stay of the database and what was to go is not what stayed: ",
          util::join(lines, "; ")),
      {.hint = "Somebody changes objects at the same time; run it again.", .sqlstate = {}});
}

}  // namespace

const StayingObject* Contents::staying_of(std::uint32_t class_oid,
                                          std::uint32_t oid) const noexcept {
  const auto found = std::find_if(staying.begin(), staying.end(), [&](const StayingObject& object) {
    return object.class_oid == class_oid && object.oid == oid;
  });
  return found == staying.end() ? nullptr : &*found;
}

const StayingObject* Contents::staying_named(std::string_view type,
                                             std::string_view name) const noexcept {
  const auto found = std::find_if(staying.begin(), staying.end(), [&](const StayingObject& object) {
    return object.type == type && object.name == name;
  });
  return found == staying.end() ? nullptr : &*found;
}

Contents read_contents(pg::Connection& connection) { return Reading(connection).read(); }

void drop_contents(pg::Connection& connection, const Contents& contents) {
  PGBELAY_ASSERT(connection.in_transaction());
  for (const std::string& statement : sql::default_privilege_resets(connection))
    connection.execute(statement);
  sql::unlink_large_objects(connection);
  std::string together;
  std::size_t count = 0;
  for (const std::string& statement : contents.drops) {
    together += cat(statement, ";\n");
    if (++count % kTogether != 0) continue;
    connection.execute(together);
    together.clear();
  }
  if (!together.empty()) connection.execute(together);
  std::vector<std::uint32_t> schemas;
  for (const StayingObject& object : contents.staying) {
    if (object.class_oid == kNamespaces && object.ours) schemas.push_back(object.oid);
  }
  for (const std::string& statement : sql::schema_resets(connection, schemas))
    connection.execute(statement);
  require_same(contents, read_contents(connection));
}

std::uint64_t lock_room(pg::Connection& connection) { return sql::lock_slots(connection) / 2; }

}  // namespace swap
