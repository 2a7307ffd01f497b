// Which changes of a schema the migration itself has said, and which somebody else may have made
// meanwhile.
#pragma once

#include <vector>

#include "migrate/mentions.h"
#include "schema/change.h"

namespace guard {

// Sets `expected` of each: yes if the migration says its name, or if it follows from what is said:
// the parts of a relation, a sequence with its column, what stands on a partition because it stands
// on the table above, what went or was written anew because something that it needs went or was
// renamed, what is in a schema that came or went. No if nobody said it; nothing if that cannot be
// known, because the migration's text is not known as a whole.
void mark_expected(std::vector<schema::Change>& changes, const migrate::Mentions& said,
                   const schema::Model& before, const schema::Model& after);

}  // namespace guard
