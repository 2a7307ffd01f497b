#include "archive/json_fields.h"

#include <limits>

#include "util/error.h"
#include "util/text.h"

namespace archive {

namespace {
using util::cat;
using util::Error;
using util::Kind;

constexpr std::string_view kHint =
    "this file is not what pgbelay wrote; another copy of the backup may be whole";
}  // namespace

Json json_text(std::string_view text) {
  if (util::is_utf8(text)) return Json(text);
  Json bytes = Json::object();
  bytes["hex"] = util::hex(std::as_bytes(std::span(text)));
  return bytes;
}

Json json_texts(const std::vector<std::string>& texts) {
  Json array = Json::array();
  for (const std::string& text : texts) array.push_back(json_text(text));
  return array;
}

Json json_optional(const std::optional<std::uint64_t>& number) {
  return number ? Json(*number) : Json(nullptr);
}

std::string json_document(const Json& document) { return document.dump(1) + "\n"; }

Json parse_document(std::string_view text, std::string_view file) {
  Json document;
  try {
    document = Json::parse(text);
  } catch (const Json::parse_error& failure) {
    throw Error(Kind::Damage, cat(file, ": not JSON from byte ", failure.byte, " on"),
                {.hint = std::string(kHint)});
  } catch (const Json::exception&) {  // 1e999
    throw Error(Kind::Damage, cat(file, ": a number is out of range"),
                {.hint = std::string(kHint)});
  }
  if (!document.is_object())
    throw Error(Kind::Damage, cat(file, ": not a JSON object"), {.hint = std::string(kHint)});
  return document;
}

JsonFields::JsonFields(const Json& object, std::string path)
    : object_(&object), path_(std::move(path)) {}

void JsonFields::refuse(std::string_view key, std::string_view why) const {
  const std::size_t dot = path_.find(": ");
  const std::string_view file = std::string_view(path_).substr(0, dot);
  const std::string_view way =
      dot == std::string::npos ? std::string_view() : std::string_view(path_).substr(dot + 2);
  throw Error(Kind::Damage, cat(file, ": field \"", way, way.empty() ? "" : ".", key, "\" ", why),
              {.hint = std::string(kHint)});
}

bool JsonFields::has(std::string_view key) const {
  const auto found = object_->find(key);
  return found != object_->end() && !found->is_null();
}

const Json& JsonFields::at(std::string_view key) const {
  const auto found = object_->find(key);
  if (found == object_->end()) refuse(key, "is missing");
  return *found;
}

const Json& JsonFields::array(std::string_view key) const {
  const Json& value = at(key);
  if (!value.is_array()) refuse(key, "is not a list");
  return value;
}

std::string JsonFields::text_of(const Json& value, std::string_view key) const {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object() && value.size() == 1 && value.contains("hex") && value["hex"].is_string()) {
    if (auto bytes = util::unhex(value["hex"].get_ref<const std::string&>())) return *bytes;
  }
  refuse(key, "is not a text");
}

std::string JsonFields::text(std::string_view key) const { return text_of(at(key), key); }

std::vector<std::string> JsonFields::texts(std::string_view key) const {
  std::vector<std::string> all;
  for (const Json& value : array(key))
    all.push_back(text_of(value, cat(key, "[", all.size(), "]")));
  return all;
}

std::uint64_t JsonFields::number(std::string_view key) const {
  const Json& value = at(key);
  if (!value.is_number_unsigned()) refuse(key, "is not a number from 0 on");
  return value.get<std::uint64_t>();
}

std::int64_t JsonFields::signed_number(std::string_view key) const {
  const Json& value = at(key);
  if (!value.is_number_integer()) refuse(key, "is not a whole number");
  if (value.is_number_unsigned() &&
      value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    refuse(key, "is too large");
  }
  return value.get<std::int64_t>();
}

int JsonFields::small_number(std::string_view key) const {
  const std::int64_t value = signed_number(key);
  if (value < std::numeric_limits<int>::min() || value > std::numeric_limits<int>::max())
    refuse(key, "is too large");
  return static_cast<int>(value);
}

std::uint32_t JsonFields::oid(std::string_view key) const {
  const std::uint64_t value = number(key);
  if (value > std::numeric_limits<std::uint32_t>::max()) refuse(key, "is too large");
  return static_cast<std::uint32_t>(value);
}

double JsonFields::real(std::string_view key) const {
  const Json& value = at(key);
  if (!value.is_number()) refuse(key, "is not a number");
  return value.get<double>();
}

bool JsonFields::flag(std::string_view key) const {
  const Json& value = at(key);
  if (!value.is_boolean()) refuse(key, "is neither true nor false");
  return value.get<bool>();
}

std::optional<std::uint64_t> JsonFields::optional_number(std::string_view key) const {
  if (!has(key)) return std::nullopt;
  return number(key);
}

JsonFields JsonFields::object(std::string_view key) const {
  const Json& value = at(key);
  if (!value.is_object()) refuse(key, "is not an object");
  const std::string_view joint = path_.find(": ") == std::string::npos ? ": " : ".";
  return JsonFields(value, cat(path_, joint, key));
}

std::vector<JsonFields> JsonFields::objects(std::string_view key) const {
  const std::string_view joint = path_.find(": ") == std::string::npos ? ": " : ".";
  std::vector<JsonFields> all;
  for (const Json& value : array(key)) {
    const std::string place = cat(key, "[", all.size(), "]");
    if (!value.is_object()) refuse(place, "is not an object");
    all.emplace_back(value, cat(path_, joint, place));
  }
  return all;
}

}  // namespace archive
