// The clone on which a migration is rehearsed: made of the sealed copy, and gone afterwards
// whatever the migration left in it.
#pragma once

#include <string>

#include "backup/backup.h"
#include "guard/take_back.h"
#include "pg/conninfo.h"

namespace guard {

void make_clone(const RunContext& context, const backup::Backup& backup);

// Prepared transactions, replication slots and subscriptions that the migration made in it would
// keep it from being dropped: they go first, a subscription without its slot on the publisher (F8).
// Nothing if there is no clone.
void drop_clone(const RunContext& context);

}  // namespace guard
