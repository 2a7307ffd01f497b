// Fields of COPY text one by one: general and exact. The fast way from rows to CSV is in
// csv_row.cc.
#include "archive/copy_text.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "archive/copy_escape.h"
#include "codec/sha256.h"
#include "util/text.h"

namespace archive {

namespace {
// The end of the field that begins at `from`: an unescaped tab, or the end of the line.
std::size_t field_end(std::string_view line, std::size_t from) {
  const std::size_t tab = line.find('\t', from);
  if (tab == std::string_view::npos) return line.size();
  if (tab == from || line[tab - 1] != '\\') return tab;
  std::size_t at = from;  // an escaped tab, which no server writes, or a backslash before the tab
  while (at < line.size() && line[at] != '\t') at += line[at] == '\\' ? 2U : 1U;
  return std::min(at, line.size());
}
}  // namespace

void split_row(std::string_view line, std::vector<std::string_view>& fields) {
  fields.clear();
  for (std::size_t from = 0;;) {
    const std::size_t end = field_end(line, from);
    fields.push_back(line.substr(from, end - from));
    if (end == line.size()) return;
    from = end + 1;
  }
}

std::string unescape_field(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t at = 0; at < raw.size();) {
    const std::size_t plain = std::min(raw.find('\\', at), raw.size());
    out += raw.substr(at, plain - at);
    at = plain;
    if (at == raw.size()) break;
    const Escape escape = read_escape(raw.substr(++at));
    if (escape.length > 0) out += escape.byte;
    at += escape.length;
  }
  return out;
}

std::vector<std::optional<std::string>> parse_row(std::string_view line) {
  std::vector<std::string_view> raw;
  split_row(line, raw);
  std::vector<std::optional<std::string>> fields;
  for (const std::string_view field : raw) {
    fields.push_back(field == kNullField ? std::nullopt : std::optional(unescape_field(field)));
  }
  return fields;
}

void append_field(std::string& out, const std::optional<std::string>& value) {
  if (!value) {
    out += "\\N";
    return;
  }
  for (const char c : *value) {
    if (c == '\\') {
      out += "\\\\";
    } else if (const std::size_t escape = kEscapedBytes.find(c); escape != std::string_view::npos) {
      out += '\\';
      out += kEscapeLetters[escape];
    } else {
      out += c;
    }
  }
}

std::string csv_header(const std::vector<std::string>& columns) {
  std::string out;
  for (std::size_t n = 0; n < columns.size(); ++n) {
    if (n > 0) out += ',';
    const std::string& name = columns[n];
    const bool alone = columns.size() == 1 && name == "\\.";
    if (name.find_first_of(",\"\r\n") == std::string::npos && !name.empty() && !alone) {
      out += name;
    } else {
      out += util::cat('"', util::replace_all(name, "\"", "\"\""), '"');
    }
  }
  return out + "\n";
}

namespace {
constexpr std::string_view kCsvSuffix = ".csv.gz";
constexpr std::size_t kMaxNameBytes = 200;  // contracts.md K12
constexpr std::size_t kHashDigits = 8;

std::string escaped_for_path(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool leading_dot = c == '.' && out.empty();
    if (c == '/' || c == '%' || c == '\\' || byte < 0x20 || byte == 0x7F || leading_dot) {
      const std::string digits = util::hex(std::as_bytes(std::span(&c, 1)));
      for (const char digit : "%" + digits)
        out += digit >= 'a' ? static_cast<char>(digit - 'a' + 'A') : digit;
    } else {
      out += c;
    }
  }
  return out;
}

// Equal for names that some file system may take for the same one. Which letters beyond ASCII
// differ by case (or by composition) only, a file system decides for itself: all of them count as
// the same.
std::string folded(std::string_view name) {
  std::string out;
  for (const char c : util::lower(name)) {
    if (static_cast<unsigned char>(c) < 0x80) {
      out += c;
    } else if (out.empty() || out.back() != '\x01') {
      out += '\x01';
    }
  }
  return out;
}

std::string shortened(std::string_view stem, const TableName& name, unsigned attempt) {
  std::string identity = util::cat(name.schema, '\0', name.table);
  if (attempt > 0) identity += util::cat('\0', attempt);
  std::string_view kept = util::cut_utf8(stem, kMaxNameBytes - kCsvSuffix.size() - kHashDigits - 1);
  if (const std::size_t escape = kept.rfind('%');
      kept.size() < stem.size() && escape != std::string_view::npos && escape + 3 > kept.size()) {
    kept = kept.substr(0, escape);
  }
  return util::cat(kept, "~", codec::sha256_of(identity).substr(0, kHashDigits), kCsvSuffix);
}
}  // namespace

std::vector<std::string> csv_file_names(const std::vector<TableName>& tables) {
  std::vector<std::string> stems;
  std::unordered_map<std::string, int> same;
  for (const TableName& name : tables) {
    stems.push_back(escaped_for_path(util::cat(name.schema, ".", name.table)));
    ++same[folded(stems.back() + std::string(kCsvSuffix))];
  }
  std::vector<std::string> names;
  std::unordered_set<std::string> taken;
  for (const auto& [plain, count] : same) {
    if (count == 1) taken.insert(plain);
  }
  for (std::size_t n = 0; n < tables.size(); ++n) {
    std::string name = util::cat(stems[n], kCsvSuffix);
    const bool alone = same[folded(name)] == 1;
    if (!alone || name.size() > kMaxNameBytes) {
      unsigned attempt = 0;
      do {
        name = shortened(stems[n], tables[n], attempt++);
      } while (!taken.insert(folded(name)).second);
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace archive
