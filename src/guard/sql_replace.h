// The statements of replace.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "pg/connection.h"
#include "pg/ident.h"

namespace guard::sql {

std::string current_transaction(pg::Connection& connection);  // its id; it gets one
// committed, aborted, in progress; empty if the server does not know any more.
std::string transaction_status(pg::Connection& connection, const std::string& id);
// `public` as a new database has it.
void make_public_schema(pg::Connection& connection);
bool has_public_schema(pg::Connection& connection);
// From now on until the end of the transaction.
void wait_for_locks(pg::Connection& connection, bool limited);

std::map<pg::QualifiedName, std::int64_t> sequence_increments(pg::Connection& connection);
void set_position(pg::Connection& connection, const pg::QualifiedName& sequence,
                  std::int64_t last_value, bool is_called);

}  // namespace guard::sql
