#include "guard/shared_catalog.h"

#include <algorithm>
#include <map>

#include "guard/sql_shared.h"
#include "util/error.h"
#include "util/text.h"

namespace guard {
namespace {

using Key = std::pair<std::string, std::string>;

constexpr std::string_view kPassword = "password";
constexpr std::string_view kSlot = "replication slot";

std::map<Key, const SharedObject*> by_key(const std::vector<SharedObject>& objects) {
  std::map<Key, const SharedObject*> out;
  for (const SharedObject& object : objects) out[{object.kind, object.identity}] = &object;
  return out;
}

// The last word of "of MEMBER in ROLE", the first of "search_path of database app", else all of it.
std::string short_name(const SharedObject& object) {
  const std::string& identity = object.identity;
  if (object.kind == "membership") return identity.substr(identity.rfind(' ') + 1);
  if (object.kind == "setting") return identity.substr(0, identity.find(' '));
  return identity;
}

SharedChange change_of(const SharedObject& object, std::string_view what, std::string statement) {
  return {.text = util::cat(object.kind, " ", util::printable(object.identity), what),
          .statement = std::move(statement),
          .name = short_name(object),
          .uncounted = object.kind == kSlot};
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\n':
        out += "\\n";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t n = 0; n < text.size(); ++n) {
    if (text[n] != '\\' || n + 1 == text.size()) {
      out += text[n];
      continue;
    }
    const char c = text[++n];
    out += c == 't' ? '\t' : c == 'n' ? '\n' : c;
  }
  return out;
}

}  // namespace

std::vector<SharedObject> shared_objects(pg::Connection& connection, const std::string& except) {
  std::vector<SharedObject> out;
  std::vector<std::string_view> statements = shared_statements(connection.server_major());
  if (connection.query(may_read_passwords()).boolean(0, 0))
    statements.push_back(password_statement());
  for (const std::string_view statement : statements) {
    const pg::Result rows = connection.query(statement, {except});
    for (int row = 0; row < rows.row_count(); ++row) {
      const auto column = [&](int n) { return std::string(rows.text(row, n).value_or("")); };
      out.push_back({.kind = column(0),
                     .identity = column(1),
                     .definition = column(2),
                     .restore = column(3),
                     .recreate = column(4),
                     .remove = column(5)});
    }
  }
  std::sort(out.begin(), out.end(), [](const SharedObject& a, const SharedObject& b) {
    return std::pair(a.kind, a.identity) < std::pair(b.kind, b.identity);
  });
  return out;
}

std::vector<SharedChange> compare_shared(const std::vector<SharedObject>& before,
                                         const std::vector<SharedObject>& now) {
  const std::map<Key, const SharedObject*> old_objects = by_key(before);
  const std::map<Key, const SharedObject*> new_objects = by_key(now);
  std::vector<SharedChange> changes;
  for (const auto& [key, object] : new_objects) {
    const auto old = old_objects.find(key);
    if (old == old_objects.end()) {
      if (object->kind == kPassword) continue;  // of a role that is told itself
      changes.push_back(change_of(*object, " was added", object->remove));
    } else if (old->second->definition != object->definition) {
      changes.push_back(change_of(*object, " was changed", old->second->restore));
    }
  }
  for (const auto& [key, object] : old_objects) {
    if (!new_objects.contains(key) && object->kind != kPassword)
      changes.push_back(change_of(*object, " was removed", object->recreate));
  }
  return changes;
}

std::string to_text(const std::vector<SharedObject>& objects) {
  std::string out;
  for (const SharedObject& object : objects) {
    const std::vector<std::string> fields{escaped(object.kind),       escaped(object.identity),
                                          escaped(object.definition), escaped(object.restore),
                                          escaped(object.recreate),   escaped(object.remove)};
    out += util::join(fields, "\t") + "\n";
  }
  return out;
}

std::vector<SharedObject> shared_from_text(std::string_view text) {
  std::vector<SharedObject> out;
  for (const std::string_view line : util::split(text, '\n')) {
    if (line.empty()) continue;
    const std::vector<std::string_view> fields = util::split(line, '\t');
    if (fields.size() != 6)
      throw util::Error(util::Kind::Damage, "the record of the cluster's objects is damaged");
    out.push_back({.kind = unescaped(fields[0]),
                   .identity = unescaped(fields[1]),
                   .definition = unescaped(fields[2]),
                   .restore = unescaped(fields[3]),
                   .recreate = unescaped(fields[4]),
                   .remove = unescaped(fields[5])});
  }
  return out;
}

}  // namespace guard
