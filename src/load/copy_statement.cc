#include "load/copy_statement.h"

#include "pg/ident.h"
#include "util/text.h"

namespace load {

std::string copy_sql(const archive::CopyStatement& copy, Freeze freeze) {
  return util::cat("COPY ", pg::QualifiedName{copy.schema, copy.table}.quoted(), copy.rest,
                   "FROM STDIN", freeze == Freeze::Yes ? " WITH (FREEZE)" : "");
}

}  // namespace load
