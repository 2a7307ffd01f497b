// What two lists that need no reading of rows differ in. Private to this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/evidence.h"
#include "archive/manifest.h"
#include "pg/connection.h"
#include "schema/model.h"
#include "schema/objects.h"

namespace verify {

archive::Finding damage(std::string code, std::string object, std::string text,
                        std::string hint = {});
inline bool is_damage(const archive::Finding& finding) {
  return finding.severity == archive::Severity::Damage;
}
// schema.name of a record, as people read it.
std::string shown(const std::string& schema, const std::string& name);

std::vector<schema::Object> source_objects(const archive::Manifest& manifest);
enum class Additional { Ignore, Report };
std::vector<archive::Finding> compare_objects(const archive::Manifest& manifest,
                                              pg::Connection& copy, Additional additional);
// Everything but rows, after one reparse of what the server writes of expressions (F6).
std::vector<archive::Finding> compare_models(const schema::Model& recorded, pg::Connection& copy);
std::vector<archive::Finding> compare_extensions(const archive::Manifest& manifest,
                                                 pg::Connection& copy);
std::vector<archive::Finding> compare_sequences(const archive::Manifest& manifest,
                                                pg::Connection& copy);
// What is fixed when a database is made: encoding, locale, tablespace. The rest is put on at the
// swap (S2).
std::vector<archive::Finding> compare_properties(const archive::Manifest& manifest,
                                                 pg::Connection& copy);
// aclitem[] texts that mean the same: any order, and the default spelled out or not (S13).
bool same_acl(std::string_view owner, std::string_view a, std::string_view b);

}  // namespace verify
