// What belongs to the cluster and not to the database: roles, memberships, settings, other
// databases, tablespaces, parameter privileges, replication slots, subscriptions. A swap does not
// undo changes to them: they are found by comparing the moment of the snapshot with the verdict,
// and told with the statements that reverse them (S2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.h"

namespace guard {

struct SharedObject {
  // role, password, membership, setting, database, tablespace, parameter, replication slot,
  // subscription
  std::string kind;
  std::string identity;  // for people
  std::string definition;
  std::string
      restore;  // the statement that gives an existing one this definition; empty: none is simple
  std::string recreate;  // the statement that makes it anew
  std::string remove;    // the statement that takes it away
};

// All that this role may see, without `except` (database names: the guarded one, whose properties
// travel with the swap) and without databases that pgbelay made. Sorted by kind and identity.
std::vector<SharedObject> shared_objects(pg::Connection& connection, const std::string& except);

struct SharedChange {
  std::string text;       // role app_new was created
  std::string statement;  // DROP ROLE "app_new"; empty: none is simple
  std::string name;       // what a statement that made the change would name: app_new
  // By a session that no counter counts it may have been made as well: slots, by walsenders (F5).
  bool uncounted = false;
};
std::vector<SharedChange> compare_shared(const std::vector<SharedObject>& before,
                                         const std::vector<SharedObject>& now);

// For the run's folder.
std::string to_text(const std::vector<SharedObject>& objects);
std::vector<SharedObject> shared_from_text(std::string_view text);  // Kind::Damage

}  // namespace guard
