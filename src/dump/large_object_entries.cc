// Large objects in both forms: an entry each, and groups of them (docs/formats/archive.md).
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "dump/plan.h"
#include "util/text.h"

namespace dump {
namespace {

constexpr std::string_view kLargeObjectCatalog = "2613";
constexpr std::size_t kGroupSize = 1000;

std::string object_text(std::uint32_t oid) { return util::cat("LARGE OBJECT ", oid); }

archive::TocEntry attached(const scan::LargeObject& object, int id, int to, std::string desc,
                           std::string definition) {
  archive::TocEntry entry;
  entry.dump_id = id;
  entry.tag = object_text(object.oid);
  entry.desc = std::move(desc);
  entry.section = archive::Section::None;
  entry.definition = std::move(definition);
  entry.owner = object.owner;
  entry.dependencies = {to};
  return entry;
}

// Privileges of one grantee by one grantor.
struct Grantee {
  std::string grantor, name;
  bool grantable = false;
  auto operator<=>(const Grantee&) const = default;
};

std::string grant_statement(const scan::LargeObject& object, const Grantee& grantee,
                            const std::vector<std::string>& privileges) {
  const std::string to = grantee.name.empty() ? "PUBLIC" : pg::quote_ident(grantee.name);
  std::string grant =
      util::cat("GRANT ", util::join(privileges, ","), " ON ", object_text(object.oid), " TO ", to,
                grantee.grantable ? " WITH GRANT OPTION;\n" : ";\n");
  if (grantee.grantor == object.owner) return grant;
  return util::cat("SET SESSION AUTHORIZATION ", pg::quote_ident(grantee.grantor), ";\n", grant,
                   "RESET SESSION AUTHORIZATION;\n");
}

// What turns the ACL of a new object of this owner into `grants`.
std::string acl_definition(const scan::LargeObject& object,
                           const std::vector<sql::LargeObjectGrant>& grants) {
  std::vector<Grantee> order;
  std::map<Grantee, std::vector<std::string>> privileges;
  std::set<std::string> of_owner;
  for (const sql::LargeObjectGrant& grant : grants) {
    if (grant.oid != object.oid) continue;
    if (grant.grantee == object.owner && !grant.grantable) of_owner.insert(grant.privilege);
    const Grantee grantee{grant.grantor, grant.grantee, grant.grantable};
    if (!privileges.contains(grantee)) order.push_back(grantee);
    privileges[grantee].push_back(grant.privilege);
  }
  const bool owner_has_all = of_owner == std::set<std::string>{"SELECT", "UPDATE"};
  std::string text;
  if (!owner_has_all) {
    text = util::cat("REVOKE ALL ON ", object_text(object.oid), " FROM ",
                     pg::quote_ident(object.owner), ";\n");
  }
  for (const Grantee& grantee : order) {
    const bool has_it = owner_has_all && grantee.name == object.owner && !grantee.grantable;
    if (!has_it) text += grant_statement(object, grantee, privileges[grantee]);
  }
  return text;
}

// Comment and labels.
void add_notes(const scan::LargeObject& object, int to, int& next_id,
               std::vector<archive::TocEntry>& entries) {
  const std::string name = object_text(object.oid);
  if (!object.comment.empty()) {
    entries.push_back(
        attached(object, next_id++, to, "COMMENT",
                 util::cat("COMMENT ON ", name, " IS ", pg::quote_literal(object.comment), ";\n")));
  }
  std::string labels;
  for (const auto& [provider, label] : object.labels) {
    labels += util::cat("SECURITY LABEL FOR ", pg::quote_ident(provider), " ON ", name, " IS ",
                        pg::quote_literal(label), ";\n");
  }
  if (!labels.empty())
    entries.push_back(attached(object, next_id++, to, "SECURITY LABEL", std::move(labels)));
}

}  // namespace

std::vector<archive::TocEntry> large_object_entries(
    const scan::LargeObject& object, const std::vector<sql::LargeObjectGrant>& grants,
    int first_id) {
  int id = first_id;
  archive::TocEntry self;
  self.dump_id = id++;
  self.catalog_oid = kLargeObjectCatalog;
  self.object_oid = util::cat(object.oid);
  self.tag = util::cat(object.oid);
  self.desc = "BLOB";
  self.section = archive::Section::PreData;
  self.definition = util::cat("SELECT pg_catalog.lo_create('", object.oid, "');\n");
  self.drop = util::cat("SELECT pg_catalog.lo_unlink('", object.oid, "');\n");
  self.owner = object.owner;
  std::vector<archive::TocEntry> entries{self};
  add_notes(object, first_id, id, entries);
  if (!object.acl.empty()) {
    std::string acl = acl_definition(object, grants);
    if (!acl.empty()) entries.push_back(attached(object, id++, first_id, "ACL", std::move(acl)));
  }
  return entries;
}

std::vector<LargeObjectGroup> large_object_groups(const std::vector<scan::LargeObject>& objects) {
  LargeObjectGroup order;
  for (const scan::LargeObject& object : objects) order.push_back(&object);
  std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
    return std::tie(a->owner, a->acl, a->oid) < std::tie(b->owner, b->acl, b->oid);
  });
  std::vector<LargeObjectGroup> groups;
  for (const scan::LargeObject* const object : order) {
    const bool same = !groups.empty() && groups.back().size() < kGroupSize &&
                      groups.back().front()->owner == object->owner &&
                      groups.back().front()->acl == object->acl;
    if (!same) groups.emplace_back();
    groups.back().push_back(object);
  }
  return groups;
}

std::vector<archive::TocEntry> large_object_group_entries(
    const LargeObjectGroup& group, const std::vector<sql::LargeObjectGrant>& grants_of_first,
    int first_id) {
  const scan::LargeObject& first = *group.front();
  int id = first_id;
  archive::TocEntry self;
  self.dump_id = id++;
  self.catalog_oid = kLargeObjectCatalog;
  self.object_oid = util::cat(first.oid);
  self.tag =
      group.size() == 1 ? util::cat(first.oid) : util::cat(first.oid, "..", group.back()->oid);
  self.desc = "BLOB METADATA";
  self.section = archive::Section::Data;
  self.definition.emplace();
  for (const scan::LargeObject* const object : group)
    *self.definition += util::cat(object->oid, "\n");
  self.drop = "-- dummy";  // readers make their own; without one they would set no owner
  self.owner = first.owner;
  std::vector<archive::TocEntry> entries{self};
  for (const scan::LargeObject* const object : group) add_notes(*object, first_id, id, entries);
  if (!first.acl.empty()) {
    std::string acl = acl_definition(first, grants_of_first);
    if (acl.empty()) return entries;
    entries.push_back(attached(first, id++, first_id, "ACL", std::move(acl)));
    // The S tells readers to repeat it for each object.
    if (group.size() > 1) entries.back().tag = util::cat("LARGE OBJECTS ", self.tag);
  }
  return entries;
}

}  // namespace dump
