// What is compared: a backup, which is read from its files alone, or a live database, read in one
// locked snapshot. Both give their rows as COPY text in the same encoding and under the same
// settings, so that equal rows are equal bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backup/backup.h"
#include "codec/fingerprint.h"
#include "pg/conninfo.h"
#include "pg/ident.h"
#include "schema/objects.h"
#include "util/reporter.h"

namespace compare {

// A table with rows; or all partitions of one through which they are loaded (see
// archive::TableRecord), whose rows may be in another of them after a restore.
struct Table {
  pg::QualifiedName name;
  bool partitioned = false;
  std::vector<std::string> columns;    // in the side's own order
  std::vector<std::string> generated;  // stored generated ones
  // Known without reading: of rows with these columns, of the generated columns.
  std::optional<codec::Fingerprint> rows_sum, generated_sum;
  std::uint64_t bytes = 0;         // about so many are read
  std::vector<std::size_t> parts;  // where the side has them
};

struct Position {
  std::int64_t last_value = 0;
  bool is_called = false;
  friend bool operator==(const Position&, const Position&) = default;
};

struct LargeObject {
  std::uint64_t bytes = 0;
  std::string sha256;
  std::string owner;
  std::string privileges;  // in an order of their own; empty: the default
  std::string comment;
  friend bool operator==(const LargeObject&, const LargeObject&) = default;
};

// aclitem[] texts that mean the same give the same: any order, and the default spelled out or not.
std::string privileges_of_large_object(std::string_view owner, std::string_view acl);

struct Contents {
  std::map<pg::QualifiedName, Table> tables;
  std::map<pg::QualifiedName, Position> sequences;
  std::map<std::uint32_t, LargeObject> large_objects;
  std::vector<schema::Object> objects;  // sorted
};

using ForeignKeys = std::vector<std::pair<pg::QualifiedName, pg::QualifiedName>>;  // from, to

// One row without its newline; `worker` is below Side::workers() and belongs to one thread.
using RowSink = std::function<void(std::size_t worker, std::string_view row)>;

class Side {
 public:
  virtual ~Side() = default;
  virtual std::string display() const = 0;   // for people
  virtual std::string encoding() const = 0;  // of its rows
  virtual std::size_t workers() const = 0;
  virtual const Contents& contents() = 0;
  // Kind::Damage naming what cannot be read.
  virtual void read(const Table& table, const std::vector<std::string>& columns,
                    const RowSink& sink, const std::stop_token& stop) = 0;
  virtual codec::Fingerprint sum_generated(const Table& table,
                                           const std::vector<std::string>& columns) = 0;
  virtual std::vector<std::string> primary_key(const Table& table) = 0;  // empty: none
  virtual ForeignKeys foreign_keys() = 0;
};

struct SideOptions {
  std::size_t jobs = 0;          // threads or connections; 0: as many as cores, at most 8
  std::string application_name;  // of sessions
  std::string encoding;          // of a database's rows; empty: its own
};

std::unique_ptr<Side> open_backup(backup::Backup backup, const SideOptions& options,
                                  util::Reporter& reporter);
// Locks its tables (ACCESS SHARE) until the side is destroyed.
std::unique_ptr<Side> open_database(const pg::ConnInfo& database, const SideOptions& options,
                                    std::stop_token stop);

std::size_t workers_of(const SideOptions& options);

}  // namespace compare
