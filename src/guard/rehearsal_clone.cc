#include "guard/rehearsal_clone.h"

#include "guard/sql_guard.h"
#include "guard/sql_rehearsal.h"
#include "swap/sql_swap.h"
#include "util/text.h"
#include "verify/verify.h"

namespace guard {

void make_clone(const RunContext& context, const backup::Backup& backup) {
  swap::clone_side(context.maintenance, {.name = context.names.rehearsal,
                                         .original = context.names.copy,
                                         .properties = verify::properties_of(backup.manifest),
                                         .comment = context.names.comment});
}

void drop_clone(const RunContext& context) {
  pg::Connection& maintenance = context.maintenance;
  const std::string& name = context.names.rehearsal;
  const std::uint32_t oid = database_oid(maintenance, name);
  if (oid == 0) return;
  const std::vector<swap::PreparedRow> prepared = swap::prepared_transactions(maintenance, name);
  const std::vector<std::string> subscriptions = swap::subscriptions_of(maintenance, oid);
  if (!prepared.empty() || !subscriptions.empty()) {
    pg::Connection inside =
        pg::Connection::open(context.database.with_database(name), context.names.application);
    for (const swap::PreparedRow& row : prepared) roll_back_prepared(inside, row.gid);
    for (const std::string& subscription : subscriptions) forget_subscription(inside, subscription);
  }
  for (const std::string& slot : swap::slots_of(maintenance, name)) drop_slot(maintenance, slot);
  swap::drop_side(maintenance, name);
}

}  // namespace guard
