#include <libpq-fe.h>

#include <string_view>

#include "pg/connection.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

// Explicit, because defaults of the role or the database may say otherwise.
std::string_view begin_statement(Transaction::Mode mode) {
  return mode == Transaction::Mode::RepeatableReadOnly
             ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
             : "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
}

}  // namespace

Transaction::Transaction(Connection& connection, Mode mode) : connection_(connection) {
  PGBELAY_ASSERT(!connection.in_transaction());
  connection_.execute(begin_statement(mode));
}

Transaction::~Transaction() {
  if (open_ && PQstatus(connection_.raw()) == CONNECTION_OK)
    PQclear(PQexec(connection_.raw(), "ROLLBACK"));
}

void Transaction::commit() {
  PGBELAY_ASSERT(open_);
  if (PQstatus(connection_.raw()) != CONNECTION_OK) {
    throw util::Error(util::Kind::Connect,
                      "the connection was lost before the commit: nothing was committed");
  }
  // The server answers COMMIT of a failed transaction with a rollback that looks like success.
  if (PQtransactionStatus(connection_.raw()) != PQTRANS_INTRANS) {
    throw util::Error(util::Kind::Query,
                      "the transaction cannot be committed: a statement in it has failed");
  }
  open_ = false;
  try {
    connection_.execute("COMMIT");
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Connect) throw;
    throw util::Error(util::Kind::InDoubt,
                      util::cat("the outcome of a commit is not known: ", failure.message()),
                      {.hint = "Look whether the changes are there before doing it again.",
                       .sqlstate = failure.sqlstate()});
  }
}

}  // namespace pg
