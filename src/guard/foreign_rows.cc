#include "guard/foreign_rows.h"

#include <algorithm>
#include <array>
#include <functional>
#include <span>
#include <unordered_set>

#include "archive/copy_text.h"
#include "codec/fingerprint.h"
#include "pg/ident.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace guard {
namespace {

using compare::Change;
using util::cat;

constexpr std::string_view kMagic = "-- pgbelay 1 ";
constexpr std::string_view kEnd = "COMMIT;\n";
constexpr std::size_t kChunk = 1U << 20U;

// What the text of a value depends on, as when it was read (postgres-hazards M1).
constexpr std::string_view kSettings =
    "SET LOCAL standard_conforming_strings = on; SET LOCAL datestyle = 'ISO, MDY'; "
    "SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC'; "
    "SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'; "
    "SET LOCAL lc_monetary = 'C'; SET LOCAL xmloption = 'content'; SET LOCAL array_nulls = on; "
    "SET LOCAL row_security = off; SET LOCAL search_path = '';\n";

constexpr std::array<std::string_view, 2> kOrigins{"certain", "unknown"};
constexpr std::array<std::string_view, 3> kChanges{"added", "changed", "deleted"};

std::string_view word(Origin origin) { return kOrigins.at(static_cast<std::size_t>(origin)); }
std::string_view word(Change change) { return kChanges.at(static_cast<std::size_t>(change)); }

// On one line, whatever it holds: lines are what the file is read by.
void append_literal(std::string& out, std::string_view field) {
  if (field == archive::kNullField) {
    out += "NULL";
    return;
  }
  const std::string value = archive::unescape_field(field);
  const bool escape = value.find_first_of("\\\n\r") != std::string::npos;
  out += escape ? "E'" : "'";
  for (const char c : value) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      if (c == '\'' || (escape && c == '\\')) out += c;
      out += c;
    }
  }
  out += '\'';
}

// Types need not have an equality: values are compared as COPY writes them.
void append_same(std::string& out, const std::string& column, std::string_view field) {
  if (field == archive::kNullField) {
    out += cat("pg_catalog.num_nulls(", column, ") = 1");
    return;
  }
  if (field.empty()) out += cat("pg_catalog.num_nulls(", column, ") = 0 AND ");
  out += cat("pg_catalog.format('%s', ", column, ") = ");
  append_literal(out, field);
}

// Names as bytes in hexadecimal: whatever they hold, it is one line.
std::string head(const pg::QualifiedName& table, const std::string& encoding) {
  const auto hex = [](const std::string& text) {
    return util::hex(std::as_bytes(std::span(text.data(), text.size())));
  };
  return cat(
      kMagic, hex(table.schema), " ", hex(table.name), " ", encoding, " rows of ", table.display(),
      "\n-- certain: changed before the migration began, hence by others. unknown: by others "
      "or by the migration.\n-- Put back by: pgbelay rescue RUN --apply, or line by line with "
      "psql. A row is changed or deleted only if it still is what the undo made it.\n"
      "BEGIN;\nSET LOCAL client_encoding = ",
      pg::quote_literal(encoding), "; ", kSettings);
}

std::string digest(std::string_view line) {
  codec::Fingerprint sum;
  sum.add_row(std::as_bytes(std::span(line.data(), line.size())));
  return sum.value();
}

class Statements {
 public:
  explicit Statements(const compare::TableRows& table)
      : table_(table.name.quoted()),
        only_(cat(table.partitioned ? "" : "ONLY ", table_)),
        partitioned_(table.partitioned) {
    for (const std::string& column : table.columns) columns_.push_back(pg::quote_ident(column));
    for (const std::string& column : table.key) {
      key_.push_back(static_cast<std::size_t>(
          std::find(table.columns.begin(), table.columns.end(), column) - table.columns.begin()));
    }
  }

  // Which row it is: its key, or all of it where there is none.
  std::string identity(const compare::RowChange& change) {
    const std::string_view row = change.what == Change::Added ? change.after : change.before;
    if (key_.empty()) return digest(row);
    archive::split_row(row, fields_);
    std::string key;
    for (const std::size_t n : key_) key += cat(fields_.at(n), "\t");
    return digest(key);
  }

  std::string of(const compare::RowChange& change) {
    archive::split_row(change.what == Change::Added ? change.after : change.before, fields_);
    if (change.what == Change::Added) return insert();
    if (change.what == Change::Deleted) return remove();
    archive::split_row(change.after, after_);
    return update();
  }

 private:
  std::string insert() const {
    if (columns_.empty()) return cat("INSERT INTO ", table_, " DEFAULT VALUES");
    std::string sql = cat("INSERT INTO ", table_, " (", util::join(columns_, ", "),
                          ") OVERRIDING SYSTEM VALUE VALUES (");
    for (std::size_t n = 0; n < fields_.size(); ++n) {
      if (n > 0) sql += ", ";
      append_literal(sql, fields_[n]);
    }
    return sql + ")";
  }

  std::string remove() const {
    if (!key_.empty()) return cat("DELETE FROM ", only_, " WHERE ", key(), same_all(" AND "));
    const std::string_view place = partitioned_ ? "(tableoid, ctid)" : "ctid";
    return cat("DELETE FROM ", only_, " WHERE ", place, " = (SELECT ",
               partitioned_ ? "tableoid, ctid" : "ctid", " FROM ", only_, same_all(" WHERE "),
               " LIMIT 1)");
  }

  std::string update() const {
    std::string set, same;
    for (std::size_t n = 0; n < std::min(columns_.size(), after_.size()); ++n) {
      if (fields_.at(n) == after_[n]) continue;
      set += cat(set.empty() ? "" : ", ", columns_[n], " = ");
      append_literal(set, after_[n]);
      same += " AND ";
      append_same(same, columns_[n], fields_[n]);
    }
    return cat("UPDATE ", only_, " SET ", set, " WHERE ", key(), same);
  }

  std::string key() const {
    std::string where;
    for (const std::size_t n : key_) {
      where += cat(where.empty() ? "" : " AND ", columns_.at(n), " = ");
      append_literal(where, fields_.at(n));
    }
    return where;
  }

  std::string same_all(std::string_view first) const {
    std::string where;
    for (std::size_t n = 0; n < std::min(columns_.size(), fields_.size()); ++n) {
      where += where.empty() ? first : " AND ";
      append_same(where, columns_[n], fields_[n]);
    }
    return where;
  }

  std::string table_, only_;
  bool partitioned_;
  std::vector<std::string> columns_;  // quoted
  std::vector<std::size_t> key_;
  std::vector<std::string_view> fields_, after_;
};

}  // namespace

struct ForeignRows::Output {
  Output(const std::filesystem::path& folder, const std::string& file,
         const compare::TableRows& table)
      : statements(table),
        columns(table.columns.size()),
        sql(folder / (file + ".sql")),
        csv(folder / (file + ".csv")) {}

  Statements statements;
  std::size_t columns;
  util::PendingFile sql, csv;
  std::unordered_set<std::string> certain;  // identities of the rows that are there
};

ForeignRows::ForeignRows(std::filesystem::path folder, Origin origin, std::string encoding)
    : folder_(std::move(folder)), origin_(origin), encoding_(std::move(encoding)) {}
ForeignRows::~ForeignRows() = default;

void ForeignRows::begin(const compare::TableRows& table) {
  finish();
  std::error_code failed;
  std::filesystem::create_directories(folder_, failed);
  if (failed) throw util::io_error("create", folder_, failed.value());
  std::string file = archive::csv_file_names({{table.name.schema, table.name.name}}).front();
  file.resize(file.size() - std::string_view(".csv.gz").size());
  const bool again = std::filesystem::exists(folder_ / (file + ".sql"), failed);
  output_ = std::make_unique<Output>(folder_, file, table);
  if (!again) {
    output_->sql.write(head(table.name, encoding_));
    std::vector<std::string> columns{"pgbelay_origin", "pgbelay_change"};
    columns.insert(columns.end(), table.columns.begin(), table.columns.end());
    output_->csv.write(archive::csv_header(columns));
  } else {
    for_each_line(folder_ / (file + ".sql"), [&](std::string_view line) {
      if (cat(line, "\n") == kEnd) return;
      if (const auto statement = parse_statement(line))
        output_->certain.emplace(statement->identity);
      output_->sql.write(cat(line, "\n"));
    });
    for_each_line(folder_ / (file + ".csv"),
                  [&](std::string_view line) { output_->csv.write(cat(line, "\n")); });
  }
  ++tables_;
}

void ForeignRows::row(const compare::RowChange& change) {
  const std::string identity = output_->statements.identity(change);
  if (output_->certain.contains(identity)) return;
  output_->sql.write(cat("/* ", word(origin_), " ", word(change.what), " ", identity, " */ ",
                         output_->statements.of(change), ";\n"));
  const std::string_view row = change.what == Change::Deleted ? change.before : change.after;
  std::string csv;
  archive::append_csv_row(csv, cat(word(origin_), "\t", word(change.what), "\t", row),
                          output_->columns + 2);
  output_->csv.write(csv);
  ++rows_;
}

void ForeignRows::finish() {
  if (!output_) return;
  output_->sql.write(kEnd);
  output_->sql.publish();
  output_->csv.publish();
  output_.reset();
}

std::optional<SavedStatement> parse_statement(std::string_view line) {
  constexpr std::size_t kIdentity = 32;
  constexpr std::string_view kAfter = " */ ";
  for (std::size_t origin = 0; origin < kOrigins.size(); ++origin) {
    for (std::size_t change = 0; change < kChanges.size(); ++change) {
      const std::string mark = cat("/* ", kOrigins.at(origin), " ", kChanges.at(change), " ");
      const std::size_t begin = mark.size() + kIdentity;
      if (!line.starts_with(mark) || !line.ends_with(';') || line.size() <= begin ||
          !line.substr(begin).starts_with(kAfter))
        continue;
      const std::string_view sql = line.substr(begin + kAfter.size());
      return SavedStatement{static_cast<Origin>(origin), static_cast<Change>(change),
                            line.substr(mark.size(), kIdentity), sql.substr(0, sql.size() - 1)};
    }
  }
  return std::nullopt;
}

std::optional<SavedFile> parse_head(std::string_view line) {
  if (!line.starts_with(kMagic)) return std::nullopt;
  const std::vector<std::string_view> words = util::split(line.substr(kMagic.size()), ' ');
  if (words.size() < 3) return std::nullopt;
  const std::optional<std::string> schema = util::unhex(words[0]);
  const std::optional<std::string> name = util::unhex(words[1]);
  if (!schema || !name) return std::nullopt;
  return SavedFile{.table = {*schema, *name}, .encoding = std::string(words[2])};
}

void for_each_line(const std::filesystem::path& path,
                   const std::function<void(std::string_view)>& use) {
  const util::ReadFile file(path);
  std::string rest;
  std::vector<std::byte> chunk(kChunk);
  for (std::uint64_t at = 0; at < file.size();) {
    const std::size_t got = file.read_some(at, chunk);
    at += got;
    rest.append(reinterpret_cast<const char*>(chunk.data()), got);
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n'); end != std::string::npos;
         end = rest.find('\n', begin)) {
      use(std::string_view(rest).substr(begin, end - begin));
      begin = end + 1;
    }
    rest.erase(0, begin);
  }
  if (!rest.empty()) use(rest);
}

}  // namespace guard
