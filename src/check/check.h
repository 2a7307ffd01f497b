// Questions asked after a migration that succeeded: did it lose what nobody said it would lose, and
// is what it left behind whole?
//
// capture() reads the catalogue before the migration, after() compares. Tables are followed by name
// and by OID, so a rename, a rotation or a rebuild is no loss; partitions are judged by the rows of
// the whole tree, so moving rows between them, or a partition out of it, is none either.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.h"
#include "pg/ident.h"

namespace check {

// A table of the backup and how many rows it has there.
struct TableRows {
  pg::QualifiedName name;
  std::uint64_t rows = 0;
};

struct Relation {
  std::uint32_t oid = 0;
  pg::QualifiedName name;
};

// A table, or the top of a tree of partitions, with the rows of all its leaves.
struct WatchedTable {
  Relation table;
  std::uint64_t rows = 0;
  std::vector<Relation> parts;  // partitions at any depth; none for an ordinary table
  std::vector<pg::QualifiedName>
      ancestors;  // tables that it inherits from: what is removed there goes here
};

struct Constraint {
  std::uint32_t owner_oid = 0;  // of the table or domain
  std::string name;
  bool valid = true;
};

struct Before {
  std::vector<WatchedTable> tables;
  std::vector<std::uint32_t> invalid_indexes;  // OIDs
  std::vector<Constraint> constraints;         // of tables and domains
};

// What the database is before the migration; `rows` are the counts of the backup's manifest. Tables
// of the backup that are not there any more are left out: they vanished before the migration. One
// short transaction.
Before capture(pg::Connection& connection, const std::vector<TableRows>& rows);

// What the migration said that it removes: by its statements (migrate::announced), or by
// --allow-destructive.
struct Announced {
  bool everything = false;
  std::vector<std::string> schemas;       // all their tables
  std::vector<pg::QualifiedName> tables;  // an empty schema stands for any
};
// "all", or a table as the operator writes it: name or schema.name, quoted where needed.
// Kind::Usage if malformed.
void announce(Announced& announced, std::string_view text);

enum class Severity { Note, Warning, Failure };
struct Finding {
  Severity severity = Severity::Failure;
  std::string code;    // "table-vanished", "table-shrank", "table-renamed", "table-not-counted",
                       // "index-invalid", "constraint-not-valid"
  std::string object;  // as people write it
  std::string text;    // names it, too
  std::string hint;
};

enum class CountRows { No, Yes };
struct Options {
  Announced announced;
  CountRows count_rows = CountRows::Yes;  // reads every table that had rows
};

// Findings in the order of the tables; an announced loss is a Note. Kind::Connect or Query if it
// could not look.
std::vector<Finding> after(pg::Connection& connection, const Before& before, const Options& options,
                           std::stop_token stop);

bool failed(const std::vector<Finding>& findings);  // any Failure

}  // namespace check
