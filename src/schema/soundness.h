// Rows of the catalogues that refer to something that is not there: what a crash, a failed
// pg_upgrade or a hand in the catalogues leaves. The server itself says little of them (a number, a
// syntax error of a restore, a crash of the backend).
#pragma once

#include <string>
#include <vector>

#include "pg/connection.h"

namespace schema {

struct Dangling {
  std::string text;    // "table public.t is owned by a role (OID 16385) that is not there"
  bool fatal = false;  // neither can it be described nor restored
};

// At most `most`, those that are fatal first; compiled statements are off for the session from then
// on. One query per pair of catalogues, put together into
// one statement; references to rows of the server itself are not looked at.
std::vector<Dangling> dangling_references(pg::Connection& connection, std::size_t most);

}  // namespace schema
