// Was anything written at all? Read at the gate and after a failure (contracts.md K14: a command
// that failed without having written anything is not undone, because there is nothing to undo).
//
// Catalogues are compared by identity and version of their rows, tables by the server's counters
// where these are exact (15+) and then by content; otherwise the whole content is compared with the
// backup.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "archive/manifest.h"
#include "pg/conninfo.h"
#include "pg/database_properties.h"
#include "pg/ident.h"
#include "pg/sql_changes.h"
#include "util/reporter.h"

namespace guard {

struct WriteMarks {
  pg::DatabaseProperties properties;
  std::map<std::string, pg::CatalogDigest> catalogs;
  pg::ChangeCounters counters;
};
WriteMarks read_marks(pg::Connection& live);

// A sign that something was written and committed since `before`; nothing if it is known that there
// was none. Every session that could have written must be gone.
struct WriteQuestion {
  const WriteMarks& before;
  const archive::Manifest& manifest;
  const pg::ConnInfo& database;
  const std::string& application;
  std::function<void(pg::Connection&)> on_session;  // told of the session that looks
};
std::optional<std::string> sign_of_writing(const WriteQuestion& question, util::Reporter& reporter);

// What was changed from one look to another, as far as it is known: tables by their counters and
// files, catalogues by their rows; each a line for people.
std::vector<std::string> changed_between(const WriteMarks& before, const WriteMarks& now);

// Relations whose counters differ; nothing if the counters prove nothing.
std::optional<std::vector<pg::QualifiedName>> changed_relations(const pg::ChangeCounters& before,
                                                                const pg::ChangeCounters& now);

}  // namespace guard
