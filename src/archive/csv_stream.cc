// The CSV form of a row too large to be held once more: field by field, through a small buffer.
// What append_csv_row() writes, byte for byte; that one is many times faster.
#include <algorithm>

#include "archive/copy_escape.h"
#include "archive/copy_text.h"

namespace archive {
namespace {

constexpr std::size_t kBufferBytes = 64U << 10U;

class Buffer {
 public:
  explicit Buffer(const CsvSink& sink) : sink_(sink) { text_.reserve(kBufferBytes); }

  void put(std::string_view bytes) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), kBufferBytes))) {
      const std::string_view part = bytes.substr(0, kBufferBytes);
      if (text_.size() + part.size() > kBufferBytes) flush();
      text_ += part;
    }
  }
  void flush() {
    if (!text_.empty()) sink_(text_);
    text_.clear();
  }

 private:
  const CsvSink& sink_;
  std::string text_;
};

// Hands on the value of a field: runs of bytes that stand for themselves, and what was escaped.
template <typename Take>
void each_part(std::string_view field, const Take& take) {
  while (!field.empty()) {
    const std::size_t plain = std::min(field.find('\\'), field.size());
    if (plain > 0) take(field.substr(0, plain));
    if (plain == field.size()) return;
    field.remove_prefix(plain + 1);
    const Escape escape = read_escape(field);
    if (escape.length > 0) take(std::string_view(&escape.byte, 1));
    field.remove_prefix(escape.length);
  }
}

// Whether the server would quote the value: empty, or a comma, a quote or a line end in it, or a
// lone \.
bool needs_quotes(std::string_view field, bool alone) {
  if (alone && field == "\\\\.") return true;
  bool empty = true, special = false;
  each_part(field, [&](std::string_view part) {
    empty = false;
    special = special || part.find_first_of("\",\r\n") != std::string_view::npos;
  });
  return empty || special;
}

void put_value(Buffer& out, std::string_view field) {
  each_part(field, [&out](std::string_view part) {
    while (!part.empty()) {
      const std::size_t quote = part.find('"');
      if (quote == std::string_view::npos) return out.put(part);
      out.put(part.substr(0, quote + 1));
      out.put("\"");
      part.remove_prefix(quote + 1);
    }
  });
}

}  // namespace

void write_csv_row(const CsvSink& sink, std::string_view copy_row, std::size_t columns) {
  Buffer out(sink);
  for (bool more = columns > 0; more;) {
    const std::size_t tab = copy_row.find('\t');
    more = tab != std::string_view::npos;
    const std::string_view field = copy_row.substr(0, tab);
    if (field != kNullField) {
      const bool quoted = needs_quotes(field, columns == 1);
      if (quoted) out.put("\"");
      put_value(out, field);
      if (quoted) out.put("\"");
    }
    if (more) {
      out.put(",");
      copy_row.remove_prefix(tab + 1);
    }
  }
  out.put("\n");
  out.flush();
}

}  // namespace archive
