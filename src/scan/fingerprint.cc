#include <utility>

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

}  // namespace

std::string query_copy_statement(const pg::QualifiedName& relation,
                                 const std::vector<std::string>& columns,
                                 const std::string& filter) {
  std::string list;
  for (const std::string& column : columns) {
    if (!list.empty()) list += ", ";
    list += pg::quote_ident(column);
  }
  return util::cat("COPY (SELECT ", list, " FROM ONLY ", relation.quoted(), filter, ") TO STDOUT");
}

codec::Fingerprint fingerprint(pg::Connection& connection, const pg::QualifiedName& table,
                               const std::vector<std::string>& columns, const std::string& filter,
                               const PageRange& range) {
  return sum_rows(connection, copy_out_statement(table, columns, filter, range));
}

codec::Fingerprint fingerprint_by_query(pg::Connection& connection,
                                        const pg::QualifiedName& relation,
                                        const std::vector<std::string>& columns,
                                        const std::string& filter) {
  return sum_rows(connection, query_copy_statement(relation, columns, filter));
}

std::vector<LargeObjectSum> sum_large_objects(pg::Connection& connection,
                                              std::span<const std::uint32_t> oids) {
  std::vector<LargeObjectSum> sums;
  LargeObjectSum sum;
  codec::Sha256 hash;
  connection.large_objects_read(oids, [&](const pg::LargeObjectPiece& piece) {
    hash.update(piece.bytes);
    sum.bytes += piece.bytes.size();
    if (!piece.ends) return;
    sum.sha256 = std::exchange(hash, {}).finish();
    sums.push_back(std::exchange(sum, {}));
  });
  return sums;
}

}  // namespace scan
