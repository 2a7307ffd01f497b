// Where a migration may run. Whatever executes DDL asks for a Target, and Live can be made only of
// a Proof, so nothing reaches a live database without one (contracts.md K2).
#pragma once

#include <string>
#include <variant>

#include "pg/connection.h"
#include "verify/proof.h"

namespace migrate {

// The live database that `proof` was made of. The proof must outlive the target.
struct Live {
  const verify::Proof& proof;
  std::string called = {};  // its name at the moment, if that is another: an exclusive hold
};

// A side database of ours: a rehearsal, a scratch copy.
struct Side {
  std::string database;
};

using Target = std::variant<Live, Side>;

// The database's name, at the moment.
const std::string& database_of(const Target& target);
// Kind::Bug if `connection` is not a session on the target.
void require_session_on(const Target& target, const pg::Connection& connection);

}  // namespace migrate
