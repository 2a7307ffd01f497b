// Which object it is whose definition the server cannot write: its own message has numbers only
// ("cache lookup failed for function 24863"). Private to this module.
#pragma once

#include <functional>

#include "pg/connection.h"
#include "util/error.h"

namespace schema {

// Runs `reading`. If a statement of it fails inside the server (SQLSTATE class XX), the objects are
// asked for one by one, and what is thrown, of `kind`, names those that fail. The transaction, if
// there is one, stays usable.
void naming_damage(pg::Connection& connection, util::Kind kind,
                   const std::function<void()>& reading);

}  // namespace schema
