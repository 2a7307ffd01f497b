#include "schema/read.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "schema/damage.h"
#include "schema/object_class.h"
#include "schema/sql_read.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace schema {
namespace {

using util::cat;

struct AddressHash {
  std::size_t operator()(const Address& address) const noexcept {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15U;
    const std::uint64_t object = (std::uint64_t{address.class_oid} << 32U) | address.oid;
    return static_cast<std::size_t>((object ^ (static_cast<std::uint64_t>(address.sub) << 17U)) *
                                    kOdd);
  }
};

std::uint32_t oid_at(const pg::Result& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.u64(row, column));
}

Address address_at(const pg::Result& rows, int row, int column) {
  return {oid_at(rows, row, column), oid_at(rows, row, column + 1),
          static_cast<std::int32_t>(rows.i64(row, column + 2))};
}

// Where the columns are that every statement gives, and what the others are called.
struct Shape {
  struct FactColumn {
    int column;
    std::string name;
    Form form;
  };
  int kind = -1, oid = -1, sub = -1, schema = -1, name = -1, identity = -1, of = -1, of_oid = -1;
  int class_oid = -1;
  std::vector<FactColumn> facts;

  explicit Shape(const pg::Result& rows) {
    for (int column = 0; column < rows.column_count(); ++column)
      place(rows.column_name(column), column);
    PGBELAY_ASSERT(kind >= 0 && oid >= 0 && sub >= 0 && schema >= 0 && name >= 0 && identity >= 0);
    PGBELAY_ASSERT(of >= 0 && of_oid >= 0);
  }

 private:
  void place(std::string_view label, int column) {
    struct Fixed {
      std::string_view label;
      int Shape::*place;
    };
    constexpr Fixed kFixed[] = {
        {"kind", &Shape::kind},     {"oid", &Shape::oid},       {"sub", &Shape::sub},
        {"schema", &Shape::schema}, {"name", &Shape::name},     {"identity", &Shape::identity},
        {"of", &Shape::of},         {"of_oid", &Shape::of_oid}, {"class_oid", &Shape::class_oid}};
    for (const Fixed& fixed : kFixed) {
      // A second column of that label is the fact of that name.
      if (fixed.label != label || this->*fixed.place >= 0) continue;
      this->*fixed.place = column;
      return;
    }
    facts.push_back(fact(label, column));
  }

  static FactColumn fact(std::string_view label, int column) {
    if (label.ends_with("[]"))
      return {column, std::string(label.substr(0, label.size() - 2)), Form::List};
    if (label.ends_with("~"))
      return {column, std::string(label.substr(0, label.size() - 1)), Form::Deparsed};
    if (label.ends_with("!"))
      return {column, std::string(label.substr(0, label.size() - 1)), Form::Secret};
    return {column, std::string(label), Form::Plain};
  }
};

class Reading {
 public:
  explicit Reading(pg::Connection& connection) : connection_(connection) {}

  Model run() {
    connection_.query(sql::without_compiling());
    read_catalogues();
    read_members();
    const Server server{.major = connection_.server_major(),
                        .superuser = connection_.parameter("is_superuser") == "on"};
    for (const ObjectClass& of : object_classes()) read_class(of, server);
    for (std::size_t n = 0; n < model_.elements.size(); ++n)
      places_.emplace(model_.elements[n].address, n);
    attach();
    model_.server_version = connection_.server_version();
    model_.sort();
    return std::move(model_);
  }

 private:
  void read_catalogues() {
    const pg::Result rows = connection_.query(sql::catalogues());
    for (int row = 0; row < rows.row_count(); ++row)
      catalogues_.emplace(rows.str(row, 1), oid_at(rows, row, 0));
  }

  // 0 for a catalogue that this server does not have: then nothing is of it.
  std::uint32_t catalogue(std::string_view name) const {
    const auto found = catalogues_.find(std::string(name));
    return found == catalogues_.end() ? 0 : found->second;
  }

  void read_members() {
    const pg::Result rows = connection_.query(sql::members());
    for (int row = 0; row < rows.row_count(); ++row)
      members_.insert({.class_oid = oid_at(rows, row, 0), .oid = oid_at(rows, row, 1), .sub = 0});
  }
  bool is_member(std::uint32_t class_oid, std::uint32_t oid) const {
    return members_.contains({.class_oid = class_oid, .oid = oid, .sub = 0});
  }

  void read_class(const ObjectClass& of, const Server& server) {
    const std::string statement = of.statement(server);
    if (statement.empty()) return;
    const pg::Result rows = connection_.query(statement);
    const Shape shape(rows);
    const std::uint32_t own = catalogue(of.catalogue), parent = catalogue(of.of_catalogue);
    model_.elements.reserve(model_.elements.size() + static_cast<std::size_t>(rows.row_count()));
    for (int row = 0; row < rows.row_count(); ++row) {
      Element element = element_at(rows, row, shape);
      if (shape.class_oid < 0) element.address.class_oid = own;
      if (of.members == Members::LeaveOut &&
          is_member(element.address.class_oid, element.address.oid))
        continue;
      if (!rows.text(row, shape.of_oid).value_or("").empty() &&
          is_member(parent, oid_at(rows, row, shape.of_oid))) {
        if (of.of_members == Members::LeaveOut) continue;
        element.extension_table = true;
      }
      model_.elements.push_back(std::move(element));
    }
  }

  static Element element_at(const pg::Result& rows, int row, const Shape& shape) {
    Element element;
    const KindInfo* const kind = find_kind(rows.text(row, shape.kind).value_or(""));
    PGBELAY_ASSERT(kind != nullptr);
    element.kind = kind->kind;
    element.address = {shape.class_oid < 0 ? 0 : oid_at(rows, row, shape.class_oid),
                       oid_at(rows, row, shape.oid),
                       static_cast<std::int32_t>(rows.i64(row, shape.sub))};
    element.schema = rows.text(row, shape.schema).value_or("");
    element.name = rows.text(row, shape.name).value_or("");
    element.identity = rows.text(row, shape.identity).value_or("");
    element.of = rows.text(row, shape.of).value_or("");
    for (const Shape::FactColumn& fact : shape.facts) {
      if (const std::optional<std::string_view> value = rows.text(row, fact.column))
        element.facts.push_back({fact.name, std::string(*value), fact.form});
    }
    return element;
  }

  // What catalogues of their own say of objects of any class.
  void attach() {
    const pg::Result comments = connection_.query(sql::comments());
    for (int row = 0; row < comments.row_count(); ++row)
      add(address_at(comments, row, 0), {"comment", comments.str(row, 3)});
    const pg::Result labels = connection_.query(sql::labels());
    for (int row = 0; row < labels.row_count(); ++row)
      add(address_at(labels, row, 0),
          {cat("security label ", labels.str(row, 3)), labels.str(row, 4)});
    attach_extensions();
  }

  void attach_extensions() {
    const pg::Result rows = connection_.query(sql::extension_dependents());
    std::unordered_map<Address, std::vector<std::string>, AddressHash> extensions;
    for (int row = 0; row < rows.row_count(); ++row)
      extensions[{oid_at(rows, row, 0), oid_at(rows, row, 1), 0}].push_back(rows.str(row, 2));
    for (const auto& [address, names] : extensions)
      add(address, {"depends on extension", list_of(names), Form::List});
  }

  void add(const Address& address, Fact fact) {
    const auto place = places_.find(address);
    if (place != places_.end()) model_.elements[place->second].facts.push_back(std::move(fact));
  }

  pg::Connection& connection_;
  Model model_;
  std::unordered_map<std::string, std::uint32_t> catalogues_;
  std::unordered_set<Address, AddressHash> members_;
  std::unordered_map<Address, std::size_t, AddressHash> places_;
};

// " (pid 4711, psql, has public.orders in ACCESS EXCLUSIVE)", as far as it is still so.
std::string blockers(pg::Connection& connection) {
  const pg::Result rows = connection.query(sql::exclusive_locks());
  std::vector<std::string> texts;
  for (int row = 0; row < rows.row_count(); ++row)
    texts.push_back(cat("pid ", rows.str(row, 0), ", ", util::printable(rows.str(row, 1)), ", has ",
                        util::printable(rows.str(row, 2)), " in ACCESS EXCLUSIVE"));
  return texts.empty() ? std::string() : cat(" (", util::join(texts, "; "), ")");
}

}  // namespace

Model read(pg::Connection& connection) {
  Model model;
  naming_damage(connection, util::Kind::Query, [&] { model = Reading(connection).run(); });
  return model;
}

Model read_patiently(pg::Connection& connection, std::chrono::milliseconds patience) {
  constexpr std::string_view kLockNotAvailable = "55P03";
  try {
    const pg::Transaction snapshot(connection, pg::Transaction::Mode::RepeatableReadOnly);
    connection.execute(cat("set local lock_timeout to ", patience.count()));
    return read(connection);
  } catch (const util::Error& error) {
    if (error.sqlstate() != kLockNotAvailable) throw;
    throw util::Error(error.kind(),
                      cat("the schema could not be read: a lock was not to be had within ",
                          util::show_duration(patience), blockers(connection)),
                      {.hint = "Try again when that is done.", .sqlstate = error.sqlstate()});
  }
}

}  // namespace schema
