// What an archive says of the database that it was made of.
#pragma once

#include "archive/toc.h"
#include "pg/database_properties.h"

namespace ops {

// `base` with the encoding and the locale of the archive's CREATE DATABASE statement, as far as it
// has one.
pg::DatabaseProperties properties_in(const archive::Toc& toc, pg::DatabaseProperties base);

}  // namespace ops
