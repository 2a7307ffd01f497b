// One class of objects: the statement that gives its elements, one row each. Private to this
// module.
//
// Columns that every statement gives: kind, oid, sub, schema, name, identity, of, of_oid. All
// others are facts: the label is the fact's name, NULL is an absent fact, and the end of the label
// tells the form: "default~" is deparsed, "options[]" is a list, "options!" is secret.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace schema {

struct Server {
  int major = 0;
  bool superuser = false;
};

enum class Members { LeaveOut, Keep };  // of extensions

struct ObjectClass {
  std::string_view catalogue;     // that `oid` is of
  std::string_view of_catalogue;  // that `of_oid` is of; empty if there is none
  std::string (*statement)(const Server& server);
  Members members = Members::LeaveOut;
  // Of a table that an extension made: pg_dump writes neither its columns nor its constraints, but
  // what else hangs on it may be the user's.
  Members of_members = Members::LeaveOut;
};

std::span<const ObjectClass> object_classes() noexcept;

namespace sql {

std::string schemas(const Server& server);
std::string extensions(const Server& server);
std::string languages(const Server& server);
std::string types(const Server& server);
std::string type_attributes(const Server& server);
std::string domain_constraints(const Server& server);
std::string functions(const Server& server);
std::string aggregates(const Server& server);
std::string operators(const Server& server);
std::string operator_families(const Server& server);
std::string operator_classes(const Server& server);
std::string access_methods(const Server& server);
std::string casts(const Server& server);
std::string conversions(const Server& server);
std::string collations(const Server& server);
std::string transforms(const Server& server);
std::string text_search_parsers(const Server& server);
std::string text_search_templates(const Server& server);
std::string text_search_dictionaries(const Server& server);
std::string text_search_configurations(const Server& server);
std::string foreign_data_wrappers(const Server& server);
std::string foreign_servers(const Server& server);
std::string user_mappings(const Server& server);
std::string relations(const Server& server);
std::string columns(const Server& server);
std::string sequences(const Server& server);
std::string constraints(const Server& server);
std::string indexes(const Server& server);
std::string statistics(const Server& server);
std::string rules(const Server& server);
std::string triggers(const Server& server);
std::string policies(const Server& server);
std::string publications(const Server& server);
std::string publication_tables(const Server& server);
std::string publication_schemas(const Server& server);
std::string subscriptions(const Server& server);
std::string event_triggers(const Server& server);
std::string default_privileges(const Server& server);
std::string altered_members(const Server& server);
std::string privileges(const Server& server);
std::string database(const Server& server);

// Parts of statements.
// Namespaces of users, as a condition on pg_namespace n.
std::string_view user_schema();
// schema.name of the namespace n and `name`, quoted.
std::string qualified(std::string_view name);
// An aclitem[] as sorted texts; NULL if it means the same as the default of that object type.
std::string acl(std::string_view type, std::string_view column, std::string_view owner);
// A text[] in an order of its own.
std::string sorted(std::string_view column);
// Name of a role; a number if it was dropped.
std::string role(std::string_view oid);
// Name of a function as a statement wants it, without its arguments; NULL if there is none.
std::string function_name(std::string_view oid);

}  // namespace sql
}  // namespace schema
