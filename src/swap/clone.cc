// A clone of a sealed copy, for the rehearsal.
//
// Which way the server copies (15 and later) was measured on 15, on this kind of disk: WAL_LOG
// takes 0.4 s for 7 MB and grows with the size, writing WAL of that size; FILE_COPY begins with two
// checkpoints and a sync of every file, 1.9 s for the same 7 MB, then copies files and writes
// almost no WAL (2 kB). So small databases are logged, and large ones, whose WAL would go to every
// standby and archive, are copied.
#include "pg/ident.h"
#include "swap/sql_swap.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"

namespace swap {
namespace {

using util::cat;

constexpr std::uint64_t kLoggedAtMost = 64U << 20U;  // bytes

std::string strategy_clause(const pg::Connection& maintenance, std::uint64_t bytes) {
  if (maintenance.server_major() < 15) return {};  // they copy files
  return bytes != 0 && bytes <= kLoggedAtMost ? " STRATEGY wal_log" : " STRATEGY file_copy";
}

}  // namespace

void clone_side(pg::Connection& maintenance, const ClonePlan& plan) {
  const std::optional<DatabaseRow> original = find_database(maintenance, plan.original);
  if (!original) {
    throw util::Error(util::Kind::Query,
                      cat("there is no database ", util::printable(plan.original)));
  }
  const std::string name = pg::quote_ident(plan.name);
  maintenance.execute(cat("CREATE DATABASE ", name, " TEMPLATE ", pg::quote_ident(plan.original),
                          strategy_clause(maintenance, size_of(maintenance, original->oid)),
                          " ALLOW_CONNECTIONS false"));
  // Nobody enters before it has the comment that leads back to its run, and the original's rules.
  comment_on_database(maintenance, plan.name, plan.comment);
  close_to_public(maintenance, plan.name);
  allow_connections(maintenance, plan.name, true);  // before it gets its owner, who need not be us
  pg::apply_properties(maintenance, plan.name, plan.properties, pg::CommentFrom::Database);
}

}  // namespace swap
