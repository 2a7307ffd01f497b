// The model as a file: schema.json of a backup and of a run's folder.
//
// One line per element, so that two files can be compared with diff. Catalogue addresses and secret
// facts are not in it. Text that is not UTF-8 is {"hex": "…"}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/change.h"
#include "schema/model.h"

namespace schema {

constexpr std::string_view kModelFileName = "schema.json";

std::string to_json(const Model& model);
// Kind::Damage, naming `file`, if it is no model; Kind::Usage if a newer pgbelay wrote it. What is
// not known of a known kind of file is left out.
Model from_json(std::string_view text, std::string_view file);

// {"schema": "pgbelay.schema-changes/1", "changes": [{"change", "kind", "identity", "of", "text",
// "before", "after", "expected", "facts": [{"name", "before", "after"}]}]}. "before" and "after" of
// a change are both definitions, null for none. Lists as in the file; a fact that is absent is
// null, of a secret only its name is told, and "expected" is there only where it is known.
std::string changes_document(const std::vector<Change>& changes);

}  // namespace schema
