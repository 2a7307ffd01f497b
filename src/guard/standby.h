// Standby servers: after a swap their sessions still see the failed database, under its new name,
// until they connect anew (postgres-hazards.md S7). They are ended where a URL is configured.
#pragma once

#include <string>
#include <vector>

#include "guard/preflight.h"
#include "guard/take_back.h"
#include "pg/connection.h"
#include "pg/conninfo.h"

namespace guard {

// After the swap: waits on each standby until it has the swap, then ends the sessions of what was
// replaced there, a database of the name `replaced` now. Lines about what is left for people to do;
// empty: every standby serves the old state.
std::vector<std::string> end_on_standbys(const RunContext& context, const std::string& replaced);

// The lines of preflight and doctor.
std::vector<Line> standby_lines(pg::Connection& maintenance, const PreflightOptions& options,
                                const std::string& application);

}  // namespace guard
