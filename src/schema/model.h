// Everything that makes up a database but its rows, as elements with facts that are text.
//
// An element is known by its kind and its identity, never by an OID, so that a database and what
// was restored of it give the same. A fact that has its default value is absent: newer servers add
// facts, they change none. What a fact means and how to add a class: docs/schema-model.md.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace schema {

enum class Kind : std::uint8_t {
  Database,
  Schema,
  Extension,
  Language,
  Type,
  TypeAttribute,
  Domain,
  DomainConstraint,
  Function,
  Procedure,
  Aggregate,
  Operator,
  OperatorFamily,
  OperatorClass,
  AccessMethod,
  Cast,
  Conversion,
  Collation,
  Transform,
  TextSearchParser,
  TextSearchTemplate,
  TextSearchDictionary,
  TextSearchConfiguration,
  ForeignDataWrapper,
  ForeignServer,
  UserMapping,
  Sequence,
  Table,
  ForeignTable,
  View,
  MaterializedView,
  Column,
  Constraint,
  Index,
  Statistics,
  Rule,
  Trigger,
  Policy,
  Publication,
  PublicationTable,
  PublicationSchema,
  Subscription,
  EventTrigger,
  DefaultPrivileges,
  ExtensionMember,  // with row security or a security label
  Privileges,       // of a system object or of a member of an extension, other than after initdb
};

enum class Section : std::uint8_t { PreData, PostData };

struct KindInfo {
  Kind kind;
  std::string_view name;  // for people and in files: never changed
  std::string_view desc;  // of its entry in an archive; empty if it is part of another one
  Section section;
};

constexpr std::array kKinds{
    KindInfo{Kind::Database, "database", "DATABASE", Section::PreData},
    KindInfo{Kind::Schema, "schema", "SCHEMA", Section::PreData},
    KindInfo{Kind::Extension, "extension", "EXTENSION", Section::PreData},
    KindInfo{Kind::Language, "language", "PROCEDURAL LANGUAGE", Section::PreData},
    KindInfo{Kind::Type, "type", "TYPE", Section::PreData},
    KindInfo{Kind::TypeAttribute, "attribute", "", Section::PreData},
    KindInfo{Kind::Domain, "domain", "DOMAIN", Section::PreData},
    KindInfo{Kind::DomainConstraint, "domain constraint", "CHECK CONSTRAINT", Section::PreData},
    KindInfo{Kind::Function, "function", "FUNCTION", Section::PreData},
    KindInfo{Kind::Procedure, "procedure", "PROCEDURE", Section::PreData},
    KindInfo{Kind::Aggregate, "aggregate", "AGGREGATE", Section::PreData},
    KindInfo{Kind::Operator, "operator", "OPERATOR", Section::PreData},
    KindInfo{Kind::OperatorFamily, "operator family", "OPERATOR FAMILY", Section::PreData},
    KindInfo{Kind::OperatorClass, "operator class", "OPERATOR CLASS", Section::PreData},
    KindInfo{Kind::AccessMethod, "access method", "ACCESS METHOD", Section::PreData},
    KindInfo{Kind::Cast, "cast", "CAST", Section::PreData},
    KindInfo{Kind::Conversion, "conversion", "CONVERSION", Section::PreData},
    KindInfo{Kind::Collation, "collation", "COLLATION", Section::PreData},
    KindInfo{Kind::Transform, "transform", "TRANSFORM", Section::PreData},
    KindInfo{Kind::TextSearchParser, "text search parser", "TEXT SEARCH PARSER", Section::PreData},
    KindInfo{Kind::TextSearchTemplate, "text search template", "TEXT SEARCH TEMPLATE",
             Section::PreData},
    KindInfo{Kind::TextSearchDictionary, "text search dictionary", "TEXT SEARCH DICTIONARY",
             Section::PreData},
    KindInfo{Kind::TextSearchConfiguration, "text search configuration",
             "TEXT SEARCH CONFIGURATION", Section::PreData},
    KindInfo{Kind::ForeignDataWrapper, "foreign-data wrapper", "FOREIGN DATA WRAPPER",
             Section::PreData},
    KindInfo{Kind::ForeignServer, "foreign server", "SERVER", Section::PreData},
    KindInfo{Kind::UserMapping, "user mapping", "USER MAPPING", Section::PreData},
    KindInfo{Kind::Sequence, "sequence", "SEQUENCE", Section::PreData},
    KindInfo{Kind::Table, "table", "TABLE", Section::PreData},
    KindInfo{Kind::ForeignTable, "foreign table", "FOREIGN TABLE", Section::PreData},
    KindInfo{Kind::View, "view", "VIEW", Section::PreData},
    KindInfo{Kind::MaterializedView, "materialized view", "MATERIALIZED VIEW", Section::PreData},
    KindInfo{Kind::Column, "column", "", Section::PreData},
    KindInfo{Kind::Constraint, "constraint", "CONSTRAINT", Section::PostData},
    KindInfo{Kind::Index, "index", "INDEX", Section::PostData},
    KindInfo{Kind::Statistics, "statistics", "STATISTICS", Section::PostData},
    KindInfo{Kind::Rule, "rule", "RULE", Section::PostData},
    KindInfo{Kind::Trigger, "trigger", "TRIGGER", Section::PostData},
    KindInfo{Kind::Policy, "policy", "POLICY", Section::PostData},
    KindInfo{Kind::Publication, "publication", "PUBLICATION", Section::PostData},
    KindInfo{Kind::PublicationTable, "published table", "PUBLICATION TABLE", Section::PostData},
    KindInfo{Kind::PublicationSchema, "published schema", "PUBLICATION TABLES IN SCHEMA",
             Section::PostData},
    KindInfo{Kind::Subscription, "subscription", "SUBSCRIPTION", Section::PostData},
    KindInfo{Kind::EventTrigger, "event trigger", "EVENT TRIGGER", Section::PostData},
    KindInfo{Kind::DefaultPrivileges, "default privileges", "DEFAULT ACL", Section::PostData},
    KindInfo{Kind::ExtensionMember, "extension member", "", Section::PreData},
    KindInfo{Kind::Privileges, "privileges", "ACL", Section::PreData},
};

consteval bool kinds_in_order() {
  for (std::size_t n = 0; n < kKinds.size(); ++n) {
    if (static_cast<std::size_t>(kKinds[n].kind) != n) return false;
  }
  return true;
}
static_assert(kinds_in_order(), "kKinds is indexed by Kind");

constexpr const KindInfo& info(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }
const KindInfo* find_kind(std::string_view name) noexcept;  // null if there is none of that name

// Where an element is in the catalogues of the database that it was read from: to follow
// dependencies, never compared, never stored.
struct Address {
  std::uint32_t class_oid = 0;  // of the catalogue
  std::uint32_t oid = 0;
  std::int32_t sub = 0;  // attnum of a column
  friend auto operator<=>(const Address&, const Address&) = default;
};

enum class Form : std::uint8_t {
  Plain,
  Deparsed,  // written by the server out of a parsed expression: another text may mean the same
             // (F6)
  List,      // texts, see texts_of()
  Secret,    // compared while it is known, never stored
};

struct Fact {
  std::string name;
  std::string value;
  Form form = Form::Plain;
  friend bool operator==(const Fact&, const Fact&) = default;
};

struct Element {
  Kind kind = Kind::Database;
  std::string identity;  // quoted and qualified where a statement needs it; unique in its kind
  std::string of;        // identity of the relation or domain that it is a part of, else empty
  std::string schema;    // as it is in the catalogue, not quoted; empty if it lives in none
  std::string name;
  std::vector<Fact> facts;  // in the order in which people want to read them
  Address address;
  bool extension_table = false;  // a part of a table that an extension made

  const std::string* fact(std::string_view fact_name) const noexcept;  // null if it is absent
  std::string_view value(std::string_view fact_name) const noexcept;   // empty if it is absent
  bool has(std::string_view fact_name) const noexcept { return fact(fact_name) != nullptr; }
};

// The texts of a fact that is a list, and the other way round.
std::vector<std::string> texts_of(std::string_view list);
std::string list_of(const std::vector<std::string>& texts);

struct Model {
  int server_version = 0;         // 150018
  std::vector<Element> elements;  // by kind and identity, unique

  const Element* find(Kind kind, std::string_view identity) const noexcept;
  void sort();  // Kind::Bug if two elements have one identity
};

}  // namespace schema
