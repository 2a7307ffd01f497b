// The statements that read what is emitted: one per class of objects, each giving finished
// definitions, made by the server with its own functions (one query per catalogue, whatever the
// number of objects). For an empty search_path and pinned settings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schema::sql {

// Columns of each of them: catalogue, OID, kind, tag, schema, owner ('' where the class has none,
// NULL where the role is gone), whether it comes after the data, how statements name the object,
// definition, how it is dropped (NULL: DROP and its name).
std::vector<std::string> draft_statements(int server_major);
void add_type_drafts(int server_major, std::vector<std::string>& statements);
void add_routine_drafts(int server_major, std::vector<std::string>& statements);
void add_operator_drafts(int server_major, std::vector<std::string>& statements);
void add_small_drafts(int server_major, std::vector<std::string>& statements);
void add_relation_drafts(int server_major, std::vector<std::string>& statements);
void add_table_part_drafts(int server_major, std::vector<std::string>& statements);
void add_replication_drafts(int server_major, std::vector<std::string>& statements);
std::string subscriptions(int server_major);

std::string tables(int server_major);   // and foreign tables: what stands around the columns
std::string columns(int server_major);  // of tables
std::string table_constraints(int server_major);  // CHECK of tables and of domains, NOT NULL of 18
std::string dummy_views();  // with the columns of each view and nothing in them

// Catalogue, OID, column, name in statements, tag: of what has a comment or a label and is part of
// another entry.
std::string parts();
// On 13 the OIDs of subscriptions, as how they connect, are for superusers: who may not read them
// must have none.
enum class Subscriptions { Read, Leave };
std::string comments(Subscriptions subscriptions);
std::string security_labels(Subscriptions subscriptions);
std::string privileges(int server_major);
std::string default_privileges();

std::string dependencies();
std::string owned_addresses(int server_major);
std::string extension_members();
// ALTER … DEPENDS ON EXTENSION: catalogue, OID, extension, name in statements where it is part of
// another entry.
std::string extension_ties();
std::string subscriptions_readable();  // whether, and the name of one

std::string catalogs_with_oids();  // each a SELECT of catalogue and OID of what initdb did not make
std::string not_on_list(std::string_view addresses);
std::string row_of(std::uint32_t catalogue);  // a SELECT of the row with the OID $1
std::string_view name_of();                   // of an object, by catalogue and OID

}  // namespace schema::sql
