// What a server and a role are and may do: asked once, by preflight and doctor.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace pg {

struct RoleFacts {
  std::string name;
  bool superuser = false;
  bool createdb = false;
  bool createrole = false;
  bool signal_backend = false;  // member of pg_signal_backend (or superuser)
  bool read_all_stats = false;  // member of pg_read_all_stats (or superuser)
  bool database_owner = false;  // owns, or is a member of the owner of, the connected database
};
RoleFacts role_facts(Connection& connection);

struct ServerFacts {
  int version = 0;                // 150018
  std::string version_text;       // 15.18 …
  std::string system_identifier;  // decimal
  std::string data_directory;     // empty if this role may not see it
  std::string started_at;         // pg_postmaster_start_time, RFC 3339
  bool in_recovery = false;
};
ServerFacts server_facts(Connection& connection);

struct SessionRow {
  int pid = 0;
  std::string backend_start;  // as text, for identity
  std::string state_change;
  std::string state;  // "" if it may not be seen
  std::string backend_type;
  std::string user;
  std::string application;
  std::string client;          // address:port, "" for a socket
  bool may_terminate = false;  // by this role
};
// All backends of database `name`, our own included; each call sees a fresh view (own transaction).
std::vector<SessionRow> sessions(Connection& connection, const std::string& database);

std::uint64_t database_size(Connection& connection, const std::string& database);  // bytes
bool database_exists(Connection& connection, const std::string& database);

// A transaction pooler shows itself when two statements outside a transaction get two backends, or
// the pid of BackendKeyData is unknown to the server.
bool behind_transaction_pooler(Connection& connection);

}  // namespace pg
