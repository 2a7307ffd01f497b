// CSV: what is written reads back as the row it was made of, as the server reads it; and files of
// tables with hostile names lie side by side in one folder.
#include <algorithm>
#include <set>

#include "archive/copy_text.h"
#include "fuzz/fuzz.h"
#include "util/text.h"

namespace {

using Field = std::optional<std::string>;

// The rules of COPY … (FORMAT csv): quotes may begin anywhere, a doubled one within them is one,
// and nothing at all without quotes is NULL. Nothing if the text is not exactly one row.
std::optional<std::vector<Field>> read_csv(std::string_view text) {
  std::vector<Field> fields;
  std::string value;
  bool within = false, quoted = false;
  for (std::size_t n = 0; n < text.size(); ++n) {
    const char c = text[n];
    if (within && c == '"' && n + 1 < text.size() && text[n + 1] == '"') {
      value += text[++n];
    } else if (c == '"') {
      within = !within;
      quoted = true;
    } else if (!within && (c == ',' || c == '\n')) {
      fields.push_back(value.empty() && !quoted ? Field() : Field(value));
      value.clear();
      quoted = false;
      if (c == '\n') return n + 1 == text.size() ? std::optional(fields) : std::nullopt;
    } else {
      value += c;
    }
  }
  return std::nullopt;
}

void check_row(std::string_view row) {
  const std::vector<Field> fields = archive::parse_row(row);
  std::string again;
  for (std::size_t n = 0; n < fields.size(); ++n) {
    if (n > 0) again += '\t';
    archive::append_field(again, fields[n]);
  }
  std::string csv;
  archive::append_csv_row(csv, again, fields.size());
  fuzz::require(read_csv(csv) == fields, "CSV reads back as the row");
  std::string parts;
  archive::write_csv_row([&parts](std::string_view part) { parts += part; }, again, fields.size());
  fuzz::require(parts == csv, "in parts it is the same");
  // Servers before 18 take this line for the end of the data.
  fuzz::require(csv != "\\.\n", "no row is the end marker");
}

void check_header(const std::vector<std::string>& columns) {
  std::vector<Field> names(columns.begin(), columns.end());
  fuzz::require(read_csv(archive::csv_header(columns)) == names, "the header reads back");
}

void check_names(const std::vector<archive::TableName>& tables) {
  constexpr std::size_t kMost = 255;
  const std::vector<std::string> names = archive::csv_file_names(tables);
  fuzz::require(names.size() == tables.size(), "a name for each table");
  std::set<std::string> seen;
  for (const std::string& name : names) {
    fuzz::require(!name.empty() && name.size() <= kMost && name.front() != '.', "a visible name");
    fuzz::require(name.find_first_of("/\\\n\r") == std::string::npos, "no way out of the folder");
    fuzz::require(seen.insert(util::lower(name)).second, "names differ in more than case");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  fuzz::accepted([&] { check_row(text.substr(0, text.find('\n'))); });
  std::vector<std::string> words;
  for (const std::string_view word : util::split(text, '\n')) {
    if (!word.empty() && word.find('\0') == std::string_view::npos) words.emplace_back(word);
  }
  if (words.empty()) return 0;
  check_header(words);
  std::set<std::pair<std::string, std::string>> tables;
  for (std::size_t n = 0; n + 1 < words.size(); ++n) tables.emplace(words[n], words[n + 1]);
  std::vector<archive::TableName> named;
  for (const auto& [schema, table] : tables) named.push_back({schema, table});
  check_names(named);
  return 0;
}
