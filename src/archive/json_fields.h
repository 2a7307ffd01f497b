// Reading and writing the JSON files of a backup, so that what is missing or wrong is named.
//
// Text that is not UTF-8 (names in SQL_ASCII databases) is written as {"hex": "…"}, the bytes in
// hexadecimal; everything else is a string. Keys keep the order in which they were written.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace archive {

using Json = nlohmann::ordered_json;

Json json_text(std::string_view text);
Json json_texts(const std::vector<std::string>& texts);
Json json_optional(const std::optional<std::uint64_t>& number);
std::string json_document(const Json& document);  // indented, with a final newline

// The document as an object. Kind::Damage, naming `file` and the place, if it is none.
Json parse_document(std::string_view text, std::string_view file);

// One object of a document. Failure of everything here: Kind::Damage "FILE: field "tables[3].rows"
// is missing".
//
// The document must outlive it.
class JsonFields {
 public:
  JsonFields(const Json& object, std::string path);

  bool has(std::string_view key) const;  // present and not null
  std::string text(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;
  std::uint64_t number(std::string_view key) const;
  std::int64_t signed_number(std::string_view key) const;
  int small_number(std::string_view key) const;
  std::uint32_t oid(std::string_view key) const;
  double real(std::string_view key) const;
  bool flag(std::string_view key) const;
  std::optional<std::uint64_t> optional_number(std::string_view key) const;
  JsonFields object(std::string_view key) const;
  std::vector<JsonFields> objects(std::string_view key) const;

  // For a value that is well-formed and yet cannot be.
  [[noreturn]] void refuse(std::string_view key, std::string_view why) const;

 private:
  const Json& at(std::string_view key) const;
  const Json& array(std::string_view key) const;
  std::string text_of(const Json& value, std::string_view key) const;

  const Json* object_;
  std::string path_;  // file name, then the way to this object
};

}  // namespace archive
