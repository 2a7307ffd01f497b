// What became of a commit whose answer was lost: asked of the server, never guessed (style 4.6).
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "pg/connection.h"

namespace migrate {

// The id of the transaction that `connection` is in; empty if it has none, having written nothing.
std::string own_transaction(pg::Connection& connection);

enum class CommitFate { Committed, Aborted, Unknown };

// Asks on connections that `reconnect` opens until the server knows, or half a minute is over.
// Unknown without an id. Throws nothing.
CommitFate fate_of_commit(const std::function<pg::Connection()>& reconnect,
                          const std::string& transaction, const std::stop_token& stop);

}  // namespace migrate
