#include "verify/differences.h"

#include <algorithm>
#include <map>
#include <utility>

#include "pg/database_properties.h"
#include "pg/ident.h"
#include "scan/table.h"
#include "util/text.h"
#include "verify/verify.h"

namespace verify {
namespace {

using archive::Finding;
using archive::Severity;
using util::cat;

std::string position(std::int64_t last_value, bool is_called) {
  return cat(last_value, is_called ? "" : " (not called)");
}

std::string why_accepted(const schema::Object& object) {
  if (object.type == "subscription")
    return "never restored into a copy: it would hold the live one's slot";
  return "no restore brings it back";
}

// The items of an aclitem[] text; a comma inside double quotes is part of a role's name.
std::vector<std::string> acl_items(std::string_view text) {
  std::vector<std::string> items;
  if (text.size() < 2) return items;
  text = text.substr(1, text.size() - 2);  // braces
  std::string item;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\\' && at + 1 < text.size()) {
      item += text[++at];
    } else if (text[at] == '"') {
      quoted = !quoted;
    } else if (text[at] == ',' && !quoted) {
      items.push_back(std::exchange(item, {}));
    } else {
      item += text[at];
    }
  }
  if (!item.empty()) items.push_back(std::move(item));
  std::sort(items.begin(), items.end());
  return items;
}

}  // namespace

Finding damage(std::string code, std::string object, std::string text, std::string hint) {
  Finding finding;
  finding.code = std::move(code);
  finding.table = std::move(object);
  finding.text = std::move(text);
  finding.hint = std::move(hint);
  return finding;
}

std::string shown(const std::string& schema, const std::string& name) {
  return pg::QualifiedName{schema, name}.display();
}

std::vector<schema::Object> source_objects(const archive::Manifest& manifest) {
  std::vector<schema::Object> objects;
  objects.reserve(manifest.objects.size());
  for (const archive::ObjectRecord& object : manifest.objects)
    objects.push_back({object.type, object.identity});
  std::sort(objects.begin(), objects.end());
  return objects;
}

std::vector<Finding> compare_objects(const archive::Manifest& manifest, pg::Connection& copy,
                                     Additional additional) {
  std::vector<Finding> findings;
  for (const schema::Difference& difference :
       schema::compare(source_objects(manifest), schema::list_objects(copy))) {
    const bool missing = difference.what == schema::Difference::What::Missing;
    if (!missing && additional == Additional::Ignore) continue;
    const std::string object =
        cat(difference.object.type, " ", util::printable(difference.object.identity));
    Finding finding =
        damage(missing ? "object-missing" : "object-additional", {},
               cat(object, missing ? " is missing in the copy" : " is in the copy only"));
    if (difference.accepted) {
      finding.severity = Severity::Accepted;
      finding.text += cat(" (", why_accepted(difference.object), ")");
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

std::vector<Finding> compare_extensions(const archive::Manifest& manifest, pg::Connection& copy) {
  std::map<std::string, schema::Extension> there;
  for (schema::Extension& extension : schema::list_extensions(copy)) {
    there.emplace(extension.name, std::move(extension));
  }
  std::vector<Finding> findings;
  for (const archive::ExtensionRecord& extension : manifest.extensions) {
    const auto found = there.find(extension.name);
    if (found == there.end()) continue;  // told as an object
    if (found->second.version != extension.version || found->second.schema != extension.schema) {
      findings.push_back(damage(
          "extension-version", {},
          cat("extension ", extension.name, " is ", found->second.version, " in schema ",
              found->second.schema, ", was ", extension.version, " in schema ", extension.schema)));
    }
  }
  return findings;
}

std::vector<Finding> compare_sequences(const archive::Manifest& manifest, pg::Connection& copy) {
  std::map<pg::QualifiedName, scan::Sequence> there;
  for (scan::Sequence& sequence : scan::list_sequences(copy))
    there.emplace(sequence.name, std::move(sequence));
  std::vector<Finding> findings;
  for (const archive::SequenceRecord& sequence : manifest.sequences) {
    const auto found = there.find({sequence.schema, sequence.name});
    const std::string name = shown(sequence.schema, sequence.name);
    if (found == there.end()) {
      findings.push_back(damage("sequence-missing", name, cat("sequence ", name, " is missing")));
    } else if (found->second.last_value != sequence.last_value ||
               found->second.is_called != sequence.is_called) {
      findings.push_back(
          damage("sequence-position", name,
                 cat("sequence ", name, " is at ",
                     position(found->second.last_value, found->second.is_called), ", was at ",
                     position(sequence.last_value, sequence.is_called))));
    }
  }
  return findings;
}

std::vector<Finding> compare_properties(const archive::Manifest& manifest, pg::Connection& copy) {
  const pg::DatabaseProperties was = properties_of(manifest);
  const pg::DatabaseProperties is = pg::read_properties(copy, copy.database());
  std::vector<Finding> findings;
  const auto compare = [&](std::string_view what, const std::string& before,
                           const std::string& now) {
    if (before == now) return;
    findings.push_back(damage("database-property", {},
                              cat("the ", what, " of the database is ", util::printable(now),
                                  ", was ", util::printable(before))));
  };
  compare("encoding", was.encoding, is.encoding);
  compare("locale provider", was.locale_provider, is.locale_provider);
  compare("collation", was.collate, is.collate);
  compare("character type", was.ctype, is.ctype);
  compare("ICU locale", was.icu_locale, is.icu_locale);
  compare("ICU rules", was.icu_rules, is.icu_rules);
  compare("tablespace", was.tablespace, is.tablespace);
  return findings;
}

bool same_acl(std::string_view owner, std::string_view a, std::string_view b) {
  if (a == b) return true;
  if (b.empty()) std::swap(a, b);
  const std::vector<std::string> items = acl_items(b);
  if (!a.empty()) return acl_items(a) == items;
  // The default of a large object: everything to its owner, by its owner.
  const std::string quoted = pg::quote_ident(owner);
  return items.size() == 1 &&
         (items[0] == cat(owner, "=rw/", owner) || items[0] == cat(quoted, "=rw/", quoted));
}

}  // namespace verify
