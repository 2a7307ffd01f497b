#include "migrate/target.h"

#include "util/error.h"
#include "util/text.h"

namespace migrate {

const std::string& database_of(const Target& target) {
  const Live* const live = std::get_if<Live>(&target);
  if (live == nullptr) return std::get<Side>(target).database;
  return live->called.empty() ? live->proof.database() : live->called;
}

void require_session_on(const Target& target, const pg::Connection& connection) {
  if (connection.database() == database_of(target)) return;
  throw util::Error(util::Kind::Bug,
                    util::cat("internal error: the migration of database ", database_of(target),
                              " was given a session on database ", connection.database()));
}

}  // namespace migrate
