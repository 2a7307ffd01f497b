// Rows of COPY text in the form that people asked for. Texts of several encoders of the same
// output, put together in the order of the rows, are the result.
//
// Threads: an encoder belongs to one thread.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "extract/column_types.h"
#include "extract/extract.h"

namespace extract {

// Which of a row's columns are given, and in which order.
struct Projection {
  std::vector<std::string> names;
  std::vector<std::size_t> fields;  // of the row; empty: all, as they stand
};

struct RowOutput {
  Format format = Format::Csv;
  Projection projection;
  std::vector<JsonType> types;  // Json: of the columns of the projection
  // Of INSERT statements: what stands before the values of a row, and behind them.
  std::string insert, after_values;
};

class Encoder {
 public:
  virtual ~Encoder() = default;
  virtual void append(std::string& out, std::string_view row) = 0;
};

// Csv: NULL is nothing and the empty string "", exactly as the server's COPY … CSV writes it. Json:
// one object per line; numbers, booleans and values of json and jsonb are such, NULL is null,
// everything else a string in PostgreSQL's text form, and so are NaN and Infinity; Kind::Usage at a
// row that is not UTF-8. Sql: one INSERT per row. `output` must outlive the encoder.
std::unique_ptr<Encoder> make_encoder(const RowOutput& output);

// The line with the columns' names, for CSV.
std::string head(const RowOutput& output);

}  // namespace extract
