#include "codec/sha256.h"
#include "scan/table.h"
#include "util/text.h"

namespace scan {
namespace {

codec::Fingerprint sum_rows(pg::Connection& connection, const std::string& statement) {
  codec::Fingerprint fingerprint;
  connection.copy_out(statement, [&fingerprint](std::span<const std::byte> row) {
    fingerprint.add_row(row.first(row.size() - 1));  // without its newline
  });
  return fingerprint;
}

std::string query_statement(const pg::QualifiedName& relation,
                            const std::vector<std::string>& columns, const std::string& filter) {
  std::string list;
  for (const std::string& column : columns) {
    if (!list.empty()) list += ", ";
    list += pg::quote_ident(column);
  }
  return util::cat("COPY (SELECT ", list, " FROM ONLY ", relation.quoted(), filter, ") TO STDOUT");
}

}  // namespace

codec::Fingerprint fingerprint(pg::Connection& connection, const pg::QualifiedName& table,
                               const std::vector<std::string>& columns, const std::string& filter,
                               const PageRange& range) {
  return sum_rows(connection, copy_out_statement(table, columns, filter, range));
}

codec::Fingerprint fingerprint_by_query(pg::Connection& connection,
                                        const pg::QualifiedName& relation,
                                        const std::vector<std::string>& columns,
                                        const std::string& filter) {
  return sum_rows(connection, query_statement(relation, columns, filter));
}

LargeObjectSum sum_large_object(pg::Connection& connection, std::uint32_t oid) {
  LargeObjectSum sum;
  codec::Sha256 hash;
  connection.large_object_read(oid, [&](std::span<const std::byte> bytes) {
    hash.update(bytes);
    sum.bytes += bytes.size();
  });
  sum.sha256 = hash.finish();
  return sum;
}

}  // namespace scan
