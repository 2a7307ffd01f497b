#include "schema/reparse.h"

#include <algorithm>
#include <optional>

#include "schema/sql_reparse.h"
#include "util/error.h"

namespace schema {
namespace {

// What the server writes of `text`; nothing if it does not take it.
std::optional<std::string> written_again(pg::Connection& connection, const Element& element,
                                         const FactChange& fact, const std::string& text) {
  const std::optional<sql::Scratch> scratch = sql::scratch(element, fact.name, text);
  if (!scratch) return std::nullopt;
  connection.execute("savepoint pgbelay_scratch");
  std::optional<std::string> written;
  try {
    connection.execute(scratch->make);
    const pg::Result rows = connection.query(scratch->ask);
    if (rows.row_count() == 1) written = rows.text(0, 0);
  } catch (const util::Error& error) {
    if (error.kind() != util::Kind::Query && error.kind() != util::Kind::Privilege) throw;
  }
  connection.execute("rollback to savepoint pgbelay_scratch; release savepoint pgbelay_scratch");
  return written;
}

class Settling {
 public:
  Settling(pg::Connection& connection, Database database)
      : connection_(connection), database_(database) {}

  bool same(const Change& change, const FactChange& fact) {
    if (fact.form != Form::Deparsed || !fact.before || !fact.after) return false;
    if (database_ == Database::Live && sql::locks(*change.after)) return false;
    const std::optional<std::string> after =
        written_again(connection_, *change.after, fact, *fact.after);
    return after && after == written_again(connection_, *change.after, fact, *fact.before);
  }

 private:
  pg::Connection& connection_;
  Database database_;
};

// What is made is gone at the end, whether a transaction is open already or not.
class RolledBack {
 public:
  explicit RolledBack(pg::Connection& connection) : connection_(connection) {
    if (connection.in_transaction()) {
      connection.execute("savepoint pgbelay_settling");
    } else {
      transaction_.emplace(connection);
    }
  }
  void finish() {
    if (!transaction_)
      connection_.execute(
          "rollback to savepoint pgbelay_settling; release savepoint pgbelay_settling");
  }

 private:
  pg::Connection& connection_;
  std::optional<pg::Transaction> transaction_;
};

bool any_text(const std::vector<Change>& changes) {
  return std::any_of(changes.begin(), changes.end(), [](const Change& change) {
    return std::any_of(change.facts.begin(), change.facts.end(), [](const FactChange& fact) {
      return fact.form == Form::Deparsed && fact.before && fact.after;
    });
  });
}

}  // namespace

void settle_texts(std::vector<Change>& changes, pg::Connection& connection, Database database) {
  if (!any_text(changes)) return;
  RolledBack rolled_back(connection);
  connection.execute("set local check_function_bodies = off");
  Settling settling(connection, database);
  for (Change& change : changes) {
    std::erase_if(change.facts,
                  [&](const FactChange& fact) { return settling.same(change, fact); });
  }
  std::erase_if(changes, [](const Change& change) {
    return change.what == Change::What::Changed && change.facts.empty();
  });
  rolled_back.finish();
}

}  // namespace schema
