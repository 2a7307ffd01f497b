// Rows of COPY text: fields survive being written again, and the fast way to CSV writes what the
// server would.
#include "archive/copy_text.h"

#include "fuzz/fuzz.h"

namespace {

std::string as_row(const std::vector<std::optional<std::string>>& fields) {
  std::string row;
  for (std::size_t n = 0; n < fields.size(); ++n) {
    if (n > 0) row += '\t';
    archive::append_field(row, fields[n]);
  }
  return row;
}

std::string as_csv(std::string_view row, std::size_t columns) {
  std::string csv;
  archive::append_csv_row(csv, row, columns);
  return csv;
}

// The server's rules, in their simplest form.
std::string expected_csv(const std::vector<std::optional<std::string>>& fields) {
  std::string csv;
  for (std::size_t n = 0; n < fields.size(); ++n) {
    if (n > 0) csv += ',';
    if (!fields[n]) continue;
    const bool quoted = fields[n]->empty() || (fields.size() == 1 && *fields[n] == "\\.") ||
                        fields[n]->find_first_of(",\"\r\n") != std::string::npos;
    if (quoted) csv += '"';
    for (const char c : *fields[n]) csv.append(c == '"' ? 2 : 1, c);
    if (quoted) csv += '"';
  }
  return csv + '\n';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text = fuzz::text_of(data, size);
  text = text.substr(0, text.find('\n'));
  fuzz::accepted([&] {
    const std::vector<std::optional<std::string>> fields = archive::parse_row(text);
    const std::string row = as_row(fields);
    fuzz::require(archive::parse_row(row) == fields, "fields survive being written");
    fuzz::require(as_csv(row, fields.size()) == expected_csv(fields), "CSV is as the server's");
    as_csv(text, fields.size());  // with escapes that the server never writes: any text, but ended
  });
  return 0;
}
