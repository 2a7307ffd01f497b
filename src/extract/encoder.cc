#include "extract/encoder.h"

#include <algorithm>

#include "archive/copy_text.h"
#include "util/error.h"
#include "util/text.h"

namespace extract {
namespace {

using util::cat;

// The raw fields of one row after another.
class Fields {
 public:
  explicit Fields(const Projection& projection) : projection_(projection) {}

  const std::vector<std::string_view>& of(std::string_view row) {
    archive::split_row(row, all_);
    if (projection_.names.empty()) all_.clear();  // a row without columns is an empty line
    if (projection_.fields.empty()) return all_;
    chosen_.clear();
    for (const std::size_t field : projection_.fields) chosen_.push_back(at(field));
    return chosen_;
  }

 private:
  std::string_view at(std::size_t field) const {
    if (field < all_.size()) return all_[field];
    throw util::Error(util::Kind::Damage, cat("a row has ", all_.size(), " fields, ",
                                              projection_.names.size(), " are named"));
  }

  const Projection& projection_;
  std::vector<std::string_view> all_, chosen_;
};

class CsvEncoder : public Encoder {
 public:
  explicit CsvEncoder(const Projection& projection)
      : projection_(projection), fields_(projection) {}

  void append(std::string& out, std::string_view row) override {
    archive::append_csv_row(out, projection_.fields.empty() ? row : chosen(row),
                            projection_.names.size());
  }

 private:
  std::string_view chosen(std::string_view row) {
    text_.clear();
    for (const std::string_view field : fields_.of(row)) {
      text_ += field;
      text_ += '\t';
    }
    text_.pop_back();
    return text_;
  }

  const Projection& projection_;
  Fields fields_;
  std::string text_;
};

// The bytes that JSON wants escaped.
bool is_plain(char c) { return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\'; }

void append_json(std::string& out, std::string_view text) {
  constexpr std::string_view kLetters = "\b\f\n\r\t\"\\";
  constexpr std::string_view kEscapes = "bfnrt\"\\";
  out += '"';
  for (auto at = text.begin(); at != text.end(); ++at) {
    const auto special = std::find_if_not(at, text.end(), is_plain);
    out.append(at, special);
    if ((at = special) == text.end()) break;
    if (const std::size_t n = kLetters.find(*at); n != std::string_view::npos) {
      out += '\\';
      out += kEscapes[n];
    } else {
      out += cat("\\u00", util::hex(std::as_bytes(std::span(&*at, 1))));
    }
  }
  out += '"';
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The server's numbers are JSON's, but for NaN, Infinity and -Infinity.
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && is_digit(text.front()) && is_digit(text.back());
}

// As it stands in the column, on one line: line ends can only stand between its tokens.
void append_document(std::string& out, std::string_view document) {
  for (const char c : document) out += c == '\n' || c == '\r' ? ' ' : c;
}

class JsonEncoder : public Encoder {
 public:
  explicit JsonEncoder(const RowOutput& output) : fields_(output.projection), types_(output.types) {
    types_.resize(output.projection.names.size(), JsonType::Text);
    for (const std::string& name : output.projection.names) {
      std::string& key = keys_.emplace_back();
      append_json(key, name);
      key += ':';
    }
  }

  void append(std::string& out, std::string_view row) override {
    if (!util::is_utf8(row)) {
      throw util::Error(util::Kind::Usage,
                        "a row has bytes that are not UTF-8, which JSON cannot hold",
                        {.hint = "Take --format csv or --format sql.", .sqlstate = {}});
    }
    out += '{';
    const std::vector<std::string_view>& fields = fields_.of(row);
    for (std::size_t n = 0; n < std::min(fields.size(), keys_.size()); ++n) {
      if (n > 0) out += ',';
      out += keys_[n];
      append_value(out, fields[n], types_[n]);
    }
    out += "}\n";
  }

 private:
  static void append_value(std::string& out, std::string_view raw, JsonType type) {
    if (raw == archive::kNullField) {
      out += "null";
    } else if (raw.find('\\') == std::string_view::npos) {
      append_typed(out, raw, type);
    } else {
      append_typed(out, archive::unescape_field(raw), type);
    }
  }

  static void append_typed(std::string& out, std::string_view value, JsonType type) {
    if (type == JsonType::Json) {
      append_document(out, value);
    } else if (type == JsonType::Number && is_json_number(value)) {
      out += value;
    } else if (type == JsonType::Boolean && (value == "t" || value == "f")) {
      out += value == "t" ? "true" : "false";
    } else {
      append_json(out, value);
    }
  }

  Fields fields_;
  std::vector<JsonType> types_;
  std::vector<std::string> keys_;
};

class SqlEncoder : public Encoder {
 public:
  explicit SqlEncoder(const RowOutput& output) : output_(output), fields_(output.projection) {}

  void append(std::string& out, std::string_view row) override {
    out += output_.insert;
    bool first = true;
    for (const std::string_view raw : fields_.of(row)) {
      if (!first) out += ", ";
      first = false;
      append_literal(out, raw);
    }
    out += output_.after_values;
  }

 private:
  // Backslashes mean themselves: the script sets standard_conforming_strings.
  static void append_literal(std::string& out, std::string_view raw) {
    if (raw == archive::kNullField) {
      out += "NULL";
      return;
    }
    out += '\'';
    const bool escaped = raw.find('\\') != std::string_view::npos;
    const std::string value = escaped ? archive::unescape_field(raw) : std::string();
    std::string_view rest = escaped ? std::string_view(value) : raw;
    for (std::size_t quote = rest.find('\''); quote != std::string_view::npos;
         quote = rest.find('\'')) {
      out += rest.substr(0, quote + 1);
      out += '\'';
      rest.remove_prefix(quote + 1);
    }
    out += rest;
    out += '\'';
  }

  const RowOutput& output_;
  Fields fields_;
};

}  // namespace

std::unique_ptr<Encoder> make_encoder(const RowOutput& output) {
  switch (output.format) {
    case Format::Json:
      return std::make_unique<JsonEncoder>(output);
    case Format::Sql:
      return std::make_unique<SqlEncoder>(output);
    case Format::Csv:
      break;
  }
  return std::make_unique<CsvEncoder>(output.projection);
}

std::string head(const RowOutput& output) {
  return output.format == Format::Csv ? archive::csv_header(output.projection.names)
                                      : std::string();
}

}  // namespace extract
