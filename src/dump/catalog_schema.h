// The schema of a database as pgbelay reads it from the catalogues, where no pg_dump fits the
// server.
#pragma once

#include <functional>
#include <stop_token>
#include <string>

#include "archive/toc.h"
#include "pg/conninfo.h"

namespace dump {

struct CatalogSource {
  pg::ConnInfo source;
  std::string application_name;
  std::string snapshot;  // id of an exported one
  std::string encoding;  // of the database
  std::function<void(int backend_pid)> on_session;
};

// Contents such as pg_dump --schema-only would write, of the newest archive version. Failure:
// Kind::Backup naming what it does not cover.
archive::Toc read_catalog_schema(const CatalogSource& options, const std::stop_token& stop);

}  // namespace dump
