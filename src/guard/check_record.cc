#include "guard/check_record.h"

#include <nlohmann/json.hpp>

#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace guard {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view kFile = "before.json";
constexpr std::string_view kSchema = "pgbelay.before/1";

Json names_json(const std::vector<pg::QualifiedName>& names) {
  Json out = Json::array();
  for (const pg::QualifiedName& name : names) out.push_back({name.schema, name.name});
  return out;
}

pg::QualifiedName name_from(const Json& json) {
  return {json.at(0).get<std::string>(), json.at(1).get<std::string>()};
}

std::vector<pg::QualifiedName> names_from(const Json& json) {
  std::vector<pg::QualifiedName> out;
  for (const Json& name : json) out.push_back(name_from(name));
  return out;
}

Json relation_json(const check::Relation& relation) {
  return {relation.name.schema, relation.name.name, relation.oid};
}

check::Relation relation_from(const Json& json) {
  return {.oid = json.at(2).get<std::uint32_t>(), .name = name_from(json)};
}

Json table_json(const check::WatchedTable& table) {
  Json parts = Json::array();
  for (const check::Relation& part : table.parts) parts.push_back(relation_json(part));
  return {{"table", relation_json(table.table)},
          {"rows", table.rows},
          {"parts", std::move(parts)},
          {"ancestors", names_json(table.ancestors)}};
}

check::WatchedTable table_from(const Json& json) {
  check::WatchedTable out{.table = relation_from(json.at("table")),
                          .rows = json.at("rows").get<std::uint64_t>(),
                          .parts = {},
                          .ancestors = names_from(json.at("ancestors"))};
  for (const Json& part : json.at("parts")) out.parts.push_back(relation_from(part));
  return out;
}

Json to_json(const CheckRecord& record) {
  Json tables = Json::array();
  for (const check::WatchedTable& table : record.before.tables) tables.push_back(table_json(table));
  Json constraints = Json::array();
  for (const check::Constraint& constraint : record.before.constraints)
    constraints.push_back({constraint.owner_oid, constraint.name, constraint.valid});
  return {{"schema", kSchema},
          {"tables", std::move(tables)},
          {"invalid_indexes", record.before.invalid_indexes},
          {"constraints", std::move(constraints)},
          {"announced",
           {{"everything", record.announced.everything},
            {"schemas", record.announced.schemas},
            {"tables", names_json(record.announced.tables)}}}};
}

CheckRecord from_json(const Json& json) {
  CheckRecord out;
  for (const Json& table : json.at("tables")) out.before.tables.push_back(table_from(table));
  out.before.invalid_indexes = json.at("invalid_indexes").get<std::vector<std::uint32_t>>();
  for (const Json& constraint : json.at("constraints")) {
    out.before.constraints.push_back({.owner_oid = constraint.at(0).get<std::uint32_t>(),
                                      .name = constraint.at(1).get<std::string>(),
                                      .valid = constraint.at(2).get<bool>()});
  }
  const Json& announced = json.at("announced");
  out.announced.everything = announced.at("everything").get<bool>();
  out.announced.schemas = announced.at("schemas").get<std::vector<std::string>>();
  out.announced.tables = names_from(announced.at("tables"));
  return out;
}

}  // namespace

void write_check_record(const std::filesystem::path& run_folder, const CheckRecord& record) {
  try {
    util::publish_text(run_folder / kFile, to_json(record).dump());
  } catch (const Json::exception& error) {
    throw util::Error(util::Kind::Io, util::cat("cannot write ", kFile, ": ", error.what()));
  }
}

std::optional<CheckRecord> read_check_record(const std::filesystem::path& run_folder) {
  std::error_code ignored;
  if (!std::filesystem::exists(run_folder / kFile, ignored)) return std::nullopt;
  try {
    const Json json = Json::parse(util::read_text(run_folder / kFile));
    if (json.at("schema") != kSchema) return std::nullopt;
    return from_json(json);
  } catch (const Json::exception&) {
    return std::nullopt;
  }
}

}  // namespace guard
