// Rows in PostgreSQL's COPY text form, and as CSV the way the server writes it (NULL unquoted and
// empty, the empty string quoted). Works by bytes: right for UTF-8 and every server encoding.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace archive {

// The fields of one row as they stand, with their escapes; one empty field for an empty line.
void split_row(std::string_view line, std::vector<std::string_view>& fields);
constexpr std::string_view kNullField = "\\N";
// The value of a field that is not NULL.
std::string unescape_field(std::string_view raw);
// One row without its newline, as fields; nullopt is NULL.
std::vector<std::optional<std::string>> parse_row(std::string_view line);
// The field as COPY text writes it.
void append_field(std::string& out, const std::optional<std::string>& value);

// Appends the CSV form of one COPY text row (without its newline), with a final newline, to `out`.
// `columns` is the number of columns of the table: a one-column row "\." is quoted.
void append_csv_row(std::string& out, std::string_view copy_row, std::size_t columns);
// The same in parts, for rows too large to be held once more.
using CsvSink = std::function<void(std::string_view part)>;
void write_csv_row(const CsvSink& sink, std::string_view copy_row, std::size_t columns);
// name,"other ""name"""\n
std::string csv_header(const std::vector<std::string>& columns);

// File names for tables (contracts.md K12): <schema>.<table>.csv.gz, escaped, cut to 200 bytes,
// made unique (also when case is ignored). One name per input, in order.
struct TableName {
  std::string schema;
  std::string table;
};
std::vector<std::string> csv_file_names(const std::vector<TableName>& tables);

}  // namespace archive
