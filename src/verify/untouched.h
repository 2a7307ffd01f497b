// Whether anybody but the comparison was at the copy: a role that may enter any database could
// write to it after a table was read and before the copy is sealed. Private to this module.
#pragma once

#include <map>
#include <string>

#include "archive/manifest.h"
#include "pg/connection.h"
#include "pg/sql_changes.h"

namespace verify {

class Untouched {
 public:
  // Reads what the server has counted and what the catalogues are, once no other session of the
  // name `application_name`, as those of the load, is left in the copy: they report at their ends.
  Untouched(pg::Connection& copy, const std::string& application_name);

  // When nobody else is left in the copy: Kind::Proof naming what was changed. Rows are known from
  // 15 on, where the counters are exact; before that only the catalogues are compared.
  void require(pg::Connection& copy, const archive::Manifest& manifest) const;

 private:
  std::map<std::string, pg::CatalogDigest> catalogs_;
  pg::ChangeCounters counters_;
};

// Keeps everybody out of a copy and ends all sessions in it but the one with the pid `spare`,
// before it is sealed. Kind::Proof names whom it cannot end.
void close_copy(pg::Connection& maintenance, const std::string& copy, int spare);

}  // namespace verify
