// What a database holds as statements, in an order in which they can be run: the schema of a dump
// where no pg_dump fits the server.
//
// Guarantees: every row of a catalogue that belongs to an object of the user is part of what is
// emitted, of an extension, or on the list of emit_coverage.cc; otherwise nothing is emitted.
// Failure: Kind::Backup naming the object that cannot be emitted, and the remedy.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "schema/model.h"

namespace schema {

// None: it is said about the entry before it (comment, security label) or comes at the end
// (privileges).
enum class Part { None, BeforeData, AfterData };

struct Emitted {
  Address address;   // class_oid 0: what goes with the object of that OID without being one
  std::string kind;  // TABLE, INDEX … as archives call it
  std::string tag;
  std::optional<std::string> schema;
  std::string owner;   // "" if it has none, or if it stays with whoever made it
  std::string phrase;  // how statements name it: TABLE s.t
  std::string definition;
  std::optional<std::string> drop;
  std::optional<std::string> tablespace;
  std::optional<std::string> access_method;
  char relkind = 0;  // of tables and views
  Part part = Part::None;
  std::vector<std::size_t> depends_on;  // positions in the list
};

// Needs a session with an empty search_path and pinned settings (pg::pin_settings), and reads in
// its snapshot.
std::vector<Emitted> emit(pg::Connection& connection);

}  // namespace schema
