// The demo's database and migrations as SQL text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ops {

// A community: members, embeddings, events, orders, a partitioned table, views, functions,
// triggers, large objects.
std::string demo_schema(std::uint64_t members);

extern const std::string_view kGoodMigration;
extern const std::string_view kHeavyMigration;  // writes a table anew while nobody can read it
extern const std::string_view kBadMigration;    // drops a column, commits it, and fails afterwards
extern const std::string_view
    kSlowMigration;  // drops a column, commits it, and goes on for a minute

}  // namespace ops
