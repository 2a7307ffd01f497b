// Functions that a restore as a superuser would run with his rights although others own them (S17).
// For whoever restores an archive; the question about a live database is verify::superuser_traps.
#pragma once

#include <string>
#include <vector>

#include "archive/toc.h"
#include "pg/connection.h"

namespace verify {

// The same question about what is about to be restored, answered by the contents alone, so that
// nobody can change the answer between the backup and the restore. `superusers` are the roles of
// the target server.
std::vector<std::string> traps_in(const archive::Toc& toc,
                                  const std::vector<std::string>& superusers);

// Kind::Proof naming them, if `connection` is a superuser's and there are any.
void refuse_traps(pg::Connection& connection, const archive::Toc& toc);

}  // namespace verify
