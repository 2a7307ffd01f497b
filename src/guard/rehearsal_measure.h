// What is in the clone before and after the migration, and what that says: tables written anew,
// rows changed, sizes, objects.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "guard/rehearsal_report.h"
#include "guard/sql_rehearsal.h"
#include "pg/connection.h"
#include "schema/model.h"

namespace guard {

struct CloneState {
  std::map<std::uint32_t, StoredRelation> relations;
  schema::Model model;
  std::uint64_t bytes = 0;
};
CloneState read_clone(pg::Connection& clone);

// Names of what others may wait for: the relations that there were before.
std::map<std::uint32_t, std::string> relation_names(const CloneState& state);

// By identity: a table that has another storage and the same OID.
std::vector<Rewrite> find_rewrites(const CloneState& before, const CloneState& after);

// What the migration changed, without the history of our own runner.
std::vector<ObjectChange> find_object_changes(const CloneState& before, const CloneState& after);

// By the clone's counters; tables that went count as deleted. `manifest` knows the rows before.
std::vector<RowChange> find_row_changes(pg::Connection& clone, const CloneState& before,
                                        const CloneState& after, const archive::Manifest& manifest);

}  // namespace guard
