#include "ops/restore_tables.h"

#include "load/load.h"
#include "load/plan.h"
#include "load/statements.h"
#include "ops/backup.h"
#include "ops/sql_tables.h"
#include "ops/table_target.h"
#include "pg/session.h"
#include "swap/swap.h"
#include "util/clock.h"
#include "util/text.h"
#include "util/units.h"
#include "verify/verify.h"

namespace ops {
namespace {

using util::cat;
using util::Error;
using util::Kind;

// What follows is not evaluated for others: nobody's function may run with a superuser's rights.
void refuse_traps(const TableRestoreOptions& options, pg::Connection& connection) {
  if (options.accept_superuser_functions) return;
  const std::vector<std::string> traps = verify::superuser_traps(connection);
  if (traps.empty()) return;
  throw Error(Kind::Proof,
              cat("loading rows as a superuser would run functions of other roles: ",
                  util::join(traps, ", ")),
              {.hint = "Connect as the role that owns the tables instead, or, if the owners of the "
                       "functions may act as superuser, give --accept-superuser-functions.",
               .sqlstate = {}});
}

std::string hint_for(std::string_view sqlstate) {
  if (sqlstate == "42704" || sqlstate == "42883" || sqlstate == "42P01" || sqlstate == "3F000") {
    return "The database lacks something that the table needs. Make it first, or restore the whole "
           "backup under a new name: --to NEWNAME.";
  }
  if (sqlstate == "42501") {
    return "The role needs CREATE on the database and on the table's schema, and the rights of the "
           "owners of the tables that are replaced.";
  }
  if (sqlstate.starts_with("23")) {
    return "A constraint of the live table refuses rows of the backup. Leave --in-place away, or "
           "drop the constraint first.";
  }
  return {};
}

void ask(const TableRestoreOptions& options, const std::vector<std::string>& lines) {
  if (lines.empty() || (options.confirm && options.confirm(lines))) return;
  throw Error(Kind::NotConfirmed, "replacing rows in place was not confirmed",
              {.hint = "Type the database's name at a terminal, or give --yes.", .sqlstate = {}});
}

void analyze(pg::Connection& connection, TableRestoreResult& result) {
  for (const RestoredTable& table : result.tables) {
    try {
      connection.execute(cat("ANALYZE ", table.restored.quoted()));
    } catch (const Error& failure) {
      result.notes.push_back(cat("ANALYZE of ", table.restored.display(), ": ", failure.message()));
    }
  }
}

}  // namespace

Error table_failure(const archive::TocEntry& entry, const Error& failure) {
  if (failure.kind() != Kind::Query && failure.kind() != Kind::Privilege) return failure;
  return {failure.kind(),
          cat("cannot restore ", load::display(entry), ": ", failure.message()),
          {.hint = failure.hint().empty() ? hint_for(failure.sqlstate()) : failure.hint(),
           .sqlstate = failure.sqlstate()}};
}

void TableTarget::restore(const archive::TocEntry& entry) const {
  load::Options load;
  load.owners = false;
  const std::string sql = load::restoring_sql(archive.toc(), entry, load);
  if (sql.empty()) return;
  try {
    connection.execute(sql);
  } catch (const Error& failure) {
    throw table_failure(entry, failure);
  }
}

void TableTarget::give_to(const std::string& owner, const pg::QualifiedName& table,
                          std::vector<std::string>& notes) const {
  if (owner.empty() || owner == connection.user()) return;
  const sql::Owner state = sql::owner_state(connection, owner);
  if (state == sql::Owner::Ours) {
    connection.execute(cat("ALTER TABLE ", table.quoted(), " OWNER TO ", pg::quote_ident(owner)));
    return;
  }
  notes.push_back(
      cat(table.display(), " belongs to ", util::printable(connection.user()), ": role ",
          util::printable(owner),
          state == sql::Owner::Missing ? " does not exist" : " is not yours to give to"));
}

void TableTarget::make_private(const pg::QualifiedName& relation) const {
  for (const std::string& statement : sql::revokes(connection, relation))
    connection.execute(statement);
}

TableRestoreResult restore_tables(const TableRestoreOptions& options, util::Reporter& reporter,
                                  std::stop_token stop) {
  const archive::Manifest* const manifest =
      options.from.backup ? &options.from.backup->manifest : nullptr;
  if (manifest == nullptr && options.placement == Placement::InPlace) {
    throw Error(Kind::Usage,
                cat(options.from.name(),
                    " was not made by pgbelay backup and has no fingerprints: nothing is replaced "
                    "by what cannot be proven"),
                {.hint = "Leave --in-place away: the table is then made beside the live one.",
                 .sqlstate = {}});
  }
  const std::unique_ptr<archive::Reader> archive = archive::open_archive(options.from.archive);
  const TableSet set(archive->toc(), manifest, options.tables);

  const SideNames names = proof_names(options.server.database(), options.dir,
                                      cat("restore of ", options.from.name()), util::Clock::now());
  const std::string application = cat("pgbelay-", names.key);
  pg::Connection maintenance =
      swap::open_maintenance(options.server, options.maintenance_db, application, stop);
  swap::DatabaseLock lock(maintenance, options.server.database());
  pg::Connection connection = pg::Connection::open(options.server, application, stop);
  const pg::CancelOnStop cancel(connection, stop);
  refuse_traps(options, connection);
  pg::pin_settings(connection, archive->toc().encoding());
  connection.execute("SET check_function_bodies = off; SET client_min_messages = warning");

  TableRows rows(*archive, set, connection, reporter);
  const TableTarget target{*archive, set, options, connection, rows, names.key, stop};
  if (options.placement == Placement::InPlace) ask(options, check_in_place(target));

  const util::Stopwatch watch;
  reporter.step("restore", util::StepState::Begin, "");
  TableRestoreResult result{.database = options.server.database(), .proven = manifest != nullptr};
  {
    pg::Transaction transaction(connection);
    if (options.placement == Placement::InPlace) {
      restore_in_place(target, result);
    } else {
      restore_beside(target, result);
    }
    lock.probe();
    transaction.commit();
  }
  analyze(connection, result);
  reporter.step("restore", util::StepState::Ok,
                cat(util::show_counted(result.tables.size(), "table"), " · ",
                    util::show_duration(watch.elapsed()), " · ",
                    result.proven ? "equal to the backup" : "nothing was compared: not proven"));
  return result;
}

}  // namespace ops
