// The one reader of rows: which tables and columns are content, how a table is cut, COPY out,
// fingerprints.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "codec/fingerprint.h"
#include "pg/connection.h"
#include "pg/ident.h"

namespace scan {

struct Table {
  std::uint32_t oid = 0;
  pg::QualifiedName name;
  std::vector<std::string>
      columns;  // undropped, not generated, in attribute order (archive-format 8.1)
  std::vector<std::string> generated;  // stored generated columns
  std::string filter;  // " WHERE …" of an extension's configuration table as it stands in
                       // extcondition, else empty
  bool extension_config = false;
  std::string extension;  // whose configuration table it is, else empty
  // The partitioned table through which a restore must load the rows: below hash partitioning on an
  // enum, rows belong to other partitions where enum values have other OIDs. `columns` are then in
  // its order, so that a row is the same text in every partition.
  std::optional<pg::QualifiedName> load_root;
  std::uint32_t load_root_oid = 0;
  bool heap = true;         // table access method is heap
  std::uint64_t bytes = 0;  // pg_relation_size of the main fork, read when listed
};

// Every ordinary table whose rows are content: partitions, unlogged and inheritance children
// included; foreign, partitioned and temporary ones not; of extensions only configuration tables.
// By schema and name.
std::vector<Table> list_tables(pg::Connection& connection);

// What has to be locked while rows are read: ordinary and partitioned tables, with what tells a
// table that was rewritten or dropped and made again from the one that was listed before. By schema
// and name.
struct Lockable {
  std::uint32_t oid = 0;
  pg::QualifiedName name;
  std::uint32_t file_node = 0;
  bool partitioned = false;
  friend bool operator==(const Lockable&, const Lockable&) = default;
};
std::vector<Lockable> list_lockable(pg::Connection& connection);

struct Sequence {
  std::uint32_t oid = 0;
  pg::QualifiedName name;
  std::string extension;  // whose configuration it is, else empty
  std::int64_t last_value = 0;
  bool is_called = false;
};
std::vector<Sequence> list_sequences(
    pg::Connection& connection);  // with their positions, one round trip per 500

struct MaterializedView {
  std::uint32_t oid = 0;
  pg::QualifiedName name;
  bool populated = false;
  std::vector<std::string> columns;
};
std::vector<MaterializedView> list_materialized_views(pg::Connection& connection);

struct LargeObject {
  std::uint32_t oid = 0;
  std::string owner, acl, comment;
  std::vector<std::pair<std::string, std::string>> labels;
};
std::vector<LargeObject> list_large_objects(pg::Connection& connection);

// Pages [first, end) of the main fork; nullopt is open.
struct PageRange {
  std::optional<std::uint64_t> first, end;
};
constexpr std::uint64_t kChunkPages =
    4096;  // 32 MiB of heap at 8 KiB pages; a constant of the format, not an option

// How a table of `bytes` is cut: one open range unless the server can scan by TID range (14+), the
// table is a heap and larger than a chunk. First and last range are open-ended (M2).
std::vector<PageRange> cut(const Table& table, int server_major);
// The plan of a chunk is a TID range scan, asked once by EXPLAIN.
bool tid_range_scan_works(pg::Connection& connection, const Table& table);
// cut() where that plan works, else one open range: how every reader of rows cuts a table (M2).
std::vector<PageRange> readable_ranges(pg::Connection& connection, const Table& table);

// COPY … TO STDOUT of the columns in the range; FROM ONLY where it is a query.
std::string copy_out_statement(const pg::QualifiedName& table,
                               const std::vector<std::string>& columns, const std::string& filter,
                               const PageRange& range);
// COPY … TO STDOUT of what COPY of a table refuses: generated columns, materialised views.
std::string query_copy_statement(const pg::QualifiedName& relation,
                                 const std::vector<std::string>& columns,
                                 const std::string& filter);

// Reads the rows and sums them. `columns` by name, so both sides of a comparison use the source's
// list.
codec::Fingerprint fingerprint(pg::Connection& connection, const pg::QualifiedName& table,
                               const std::vector<std::string>& columns, const std::string& filter,
                               const PageRange& range);
// Same by query_copy_statement().
codec::Fingerprint fingerprint_by_query(pg::Connection& connection,
                                        const pg::QualifiedName& relation,
                                        const std::vector<std::string>& columns,
                                        const std::string& filter);
// SHA-256 and size of large objects, in the order of `oids`; within a transaction.
struct LargeObjectSum {
  std::uint64_t bytes = 0;
  std::string sha256;
};
std::vector<LargeObjectSum> sum_large_objects(pg::Connection& connection,
                                              std::span<const std::uint32_t> oids);

}  // namespace scan
