// What becomes an entry, while its place is not known yet: shared by the files that emit.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "schema/emit.h"

namespace schema::emit_detail {

// OIDs of catalogues, the same in every database.
constexpr std::uint32_t kRelations = 1259, kTypes = 1247, kRoutines = 1255, kConstraints = 2606,
                        kDefaults = 2604, kRules = 2618, kExtensions = 3079, kSchemas = 2615,
                        kPublishedTables = 6106;

// An edge of pg_depend between two addresses, from the dependent one.
struct Edge {
  Address from, to;
  char type = 'n';
};

struct Drafts {
  std::vector<Emitted> entries;
  bool subscriptions_read = false;  // if this role may not, there are none
  std::map<Address, std::size_t> by_address;
  std::map<std::uint32_t, std::size_t> shells;
  std::map<Address, Address> owners;                // of what is part of something else
  std::map<Address, std::uint32_t> members;         // of extensions
  std::set<Address> parts_of_members;               // what such a member cannot be without
  std::set<Address> left_out;                       // on purpose: the list of emit_coverage.cc
  std::vector<Edge> edges;                          // between objects of the user
  std::map<std::uint32_t, std::string> dummies;     // of views
  std::map<std::uint32_t, std::uint32_t> attached;  // partitions to their parents
  // Constraints and defaults that can stand within their table or apart from it.
  struct Separable {
    Address address;
    std::string within;  // as part of the definition
    Emitted apart;
    bool is_default = false;
    std::string column;  // of a default
  };
  std::map<Address, Separable> separable;
  std::set<Address> separate;

  // The entry that an address is part of; nullopt if there is none.
  std::optional<std::size_t> entry_of(Address address) const;
  bool of_extension(Address address) const;
  void add(Emitted entry);
};

// What must not be: Kind::Backup with the remedy.
[[noreturn]] void refuse(const std::string& object, const std::string& why);

// Reads the catalogues: every entry but those of tables, domains and what is said about objects.
void read_drafts(pg::Connection& connection, Drafts& drafts);
// Tables with their columns and the constraints within them, and domains, once it is known what
// stands apart.
class TableTexts {
 public:
  TableTexts(pg::Connection& connection, Drafts& drafts);
  // Definitions of all tables and domains, as the separate ones leave them.
  void write(Drafts& drafts) const;

 private:
  struct Column {
    std::string name, type, collation, generated, expression;
    bool not_null = false, local = true, parent_default = false, own_expression = false;
    std::uint32_t default_oid = 0;
    int number = 0;
    std::string statistics, storage, compression, options, foreign_options;
  };
  struct Table {
    std::size_t entry = 0;
    std::string name, prefix, type, partition_key, parents, options, server;
    char relkind = 'r', replica_identity = 'd';
    bool partition = false, force_row_security = false;
    std::vector<Column> columns;
    std::vector<Address> constraints;      // that may stand within it
    std::map<int, std::string> not_nulls;  // of 18: by column, the clause of a column
  };
  std::string text(const Table& table, const Drafts& drafts) const;
  std::string column_text(const Table& table, const Column& column, const Drafts& drafts) const;
  std::string afterwards(const Table& table, const Drafts& drafts) const;
  void read_tables(pg::Connection& connection, Drafts& drafts);
  void read_columns(pg::Connection& connection);
  void read_constraints(pg::Connection& connection, Drafts& drafts);

  int server_major_;
  std::map<std::uint32_t, Table> tables_;
  std::map<std::uint32_t, std::vector<Address>> domains_;  // their constraints
  std::map<std::uint32_t, std::string> domain_texts_;
};

// Decides what stands apart, breaks circles, and returns the order of the entries.
// Afterwards each entry depends on positions in `drafts`.
std::vector<std::size_t> in_order(Drafts& drafts, const TableTexts& tables);

// Comments, security labels and privileges.
std::vector<Emitted> said_about(pg::Connection& connection, const Drafts& drafts);

// Throws unless every row of every catalogue that is the user's is known; notes what is left out.
void require_coverage(pg::Connection& connection, Drafts& drafts);
// For what catalogues without OIDs say (`what`) of an object that is no entry, nor part of one:
// throws unless it is left out on purpose, or is not there any more.
void require_left_out(pg::Connection& connection, const Drafts& drafts, const Address& address,
                      std::string_view what);

}  // namespace schema::emit_detail
