// What preflight asks of the catalogues. Lists are for people: names are quoted where needed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace guard {

std::uint64_t table_count(pg::Connection& live);  // ordinary ones, partitions included
std::vector<std::string> unreadable_tables(pg::Connection& live);  // of those that a backup reads
// Objects that this role could not make again in a copy (S3), each with the reason. None for a
// superuser.
std::vector<std::string> unrestorable_objects(pg::Connection& live);
// Partitions whose DETACH … CONCURRENTLY was not finished. They are attached in what is restored,
// where queries of the parent see their rows again.
std::vector<std::string> pending_detaches(pg::Connection& live);
std::vector<std::string> logical_slots(pg::Connection& maintenance, const std::string& database);
std::vector<std::string> subscriptions(pg::Connection& maintenance, const std::string& database);
std::vector<std::string> standbys(pg::Connection& maintenance);  // those this role may see

// Where the files of the connected database are, if this role may know: its tablespace's folder,
// else data_directory. And the time of the last change of data_directory by the server's own clock,
// in seconds, to compare with what this machine has at that path; nothing if the role may not look.
struct ServerFolder {
  std::string data_directory;
  std::string tablespace;  // "" for the default
  std::optional<std::int64_t> changed_at;
};
ServerFolder server_folder(pg::Connection& live);

}  // namespace guard
