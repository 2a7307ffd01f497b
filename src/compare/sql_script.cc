#include "compare/sql_script.h"

#include <algorithm>

#include "archive/copy_text.h"
#include "pg/ident.h"
#include "util/error.h"
#include "util/text.h"

namespace compare {
namespace {

using util::cat;

constexpr std::size_t kBufferBytes = 64U << 10U;

// Every setting on which the text of a value depends, so that it means what it meant when it was
// read, and is the same when it is compared (postgres-hazards M1). Triggers fire and foreign keys
// are checked as for any other client.
constexpr std::string_view kHead = R"sql(
SET LOCAL standard_conforming_strings = on;
SET LOCAL datestyle = 'ISO, MDY';
SET LOCAL intervalstyle = 'postgres';
SET LOCAL timezone = 'UTC';
SET LOCAL extra_float_digits = 3;
SET LOCAL bytea_output = 'hex';
SET LOCAL lc_monetary = 'C';
SET LOCAL xmloption = 'content';
SET LOCAL array_nulls = on;
SET LOCAL row_security = off;
SET LOCAL search_path = '';
)sql";

// Backslashes mean themselves: the script sets standard_conforming_strings.
void append_literal(std::string& out, std::string_view field) {
  if (field == archive::kNullField) {
    out += "NULL";
    return;
  }
  out += '\'';
  const bool escaped = field.find('\\') != std::string_view::npos;
  const std::string value = escaped ? archive::unescape_field(field) : std::string();
  for (const char c : escaped ? std::string_view(value) : field) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
}

std::string comment(std::string_view text) { return cat("-- ", util::printable(text), "\n"); }

}  // namespace

SqlScript::SqlScript(Sink sink, std::string_view encoding, std::optional<Change> only)
    : sink_(std::move(sink)),
      only_(only),
      folder_("pgbelay-diff-sql-"),
      file_(folder_.path() / "waiting") {
  sink_(cat("BEGIN;\nSET LOCAL client_encoding = ", pg::quote_literal(encoding), ";", kHead));
}

SqlScript::~SqlScript() = default;

void SqlScript::begin(const TableRows& table) {
  table_ = table.name.quoted();
  partitioned_ = table.partitioned;
  table_only_ = cat(partitioned_ ? "" : "ONLY ", table_);
  columns_.clear();
  key_.clear();
  for (const std::string& column : table.columns) columns_.push_back(pg::quote_ident(column));
  for (const std::string& column : table.key) {
    key_.push_back(static_cast<std::size_t>(
        std::find(table.columns.begin(), table.columns.end(), column) - table.columns.begin()));
  }
  flush_table();
  waiting_.emplace_back();
}

void SqlScript::row(const RowChange& change) {
  if (only_ && change.what != *only_) return;
  switch (change.what) {
    case Change::Deleted:
      return remove_row(change.before);
    case Change::Changed:
      return update_row(change);
    case Change::Added:
      return insert_row(change.after);
  }
}

void SqlScript::remove_row(std::string_view row) {
  archive::split_row(row, fields_);
  if (!key_.empty()) return sink_(cat("DELETE FROM ", table_only_, where_key(fields_), ";\n"));
  // One of those that are the same. A ctid alone names a row of one table, not of partitions.
  const std::string_view place = partitioned_ ? "(tableoid, ctid)" : "ctid";
  sink_(cat("DELETE FROM ", table_only_, " WHERE ", place, " = (SELECT ",
            partitioned_ ? "tableoid, ctid" : "ctid", " FROM ", table_only_, where_same(fields_),
            " LIMIT 1);\n"));
}

void SqlScript::update_row(const RowChange& change) {
  archive::split_row(change.before, fields_);
  archive::split_row(change.after, after_);
  text_ = cat("UPDATE ", table_only_, " SET ");
  bool first = true;
  for (std::size_t n = 0; n < std::min(columns_.size(), after_.size()); ++n) {
    if (fields_.at(n) == after_[n]) continue;
    text_ += cat(first ? "" : ", ", columns_[n], " = ");
    append_literal(text_, after_[n]);
    first = false;
  }
  buffers_.updates += cat(text_, where_key(fields_), ";\n");
  if (buffers_.updates.size() >= kBufferBytes) flush(buffers_.updates, waiting_.back().updates);
}

void SqlScript::insert_row(std::string_view row) {
  archive::split_row(row, fields_);
  text_ = cat("INSERT INTO ", table_);
  if (columns_.empty()) {
    text_ += " DEFAULT VALUES;\n";
  } else {
    text_ += cat(" (", util::join(columns_, ", "), ") OVERRIDING SYSTEM VALUE VALUES (");
    for (std::size_t n = 0; n < fields_.size(); ++n) {
      if (n > 0) text_ += ", ";
      append_literal(text_, fields_[n]);
    }
    text_ += ");\n";
  }
  buffers_.inserts += text_;
  if (buffers_.inserts.size() >= kBufferBytes) flush(buffers_.inserts, waiting_.back().inserts);
}

std::string SqlScript::where_key(const std::vector<std::string_view>& fields) const {
  std::string where;
  for (const std::size_t n : key_) {
    where += cat(where.empty() ? " WHERE " : " AND ", columns_.at(n), " = ");
    append_literal(where, fields.at(n));
  }
  return where;
}

// Types need not have an equality: values are compared as text. format() gives what a type's output
// function gives, as COPY does; a cast to text may not.
std::string SqlScript::where_same(const std::vector<std::string_view>& fields) const {
  std::string where;
  for (std::size_t n = 0; n < std::min(columns_.size(), fields.size()); ++n) {
    where += where.empty() ? " WHERE " : " AND ";
    if (fields[n] == archive::kNullField) {
      where += cat("pg_catalog.num_nulls(", columns_[n], ") = 1");
      continue;
    }
    if (fields[n].empty()) where += cat("pg_catalog.num_nulls(", columns_[n], ") = 0 AND ");
    where += cat("pg_catalog.format('%s', ", columns_[n], ") = ");
    append_literal(where, fields[n]);
  }
  return where;
}

void SqlScript::flush(std::string& buffer, Segments& segments) {
  if (buffer.empty()) return;
  segments.push_back({file_.position(), buffer.size()});
  file_.write(buffer);
  buffer.clear();
}

void SqlScript::flush_table() {
  if (waiting_.empty()) return;
  flush(buffers_.updates, waiting_.back().updates);
  flush(buffers_.inserts, waiting_.back().inserts);
}

void SqlScript::give(const util::ReadFile& file, const Segments& segments) const {
  std::vector<std::byte> text;
  for (const Segment& segment : segments) {
    text.resize(segment.bytes);
    file.read_at(segment.offset, text);
    sink_({reinterpret_cast<const char*>(text.data()), text.size()});
  }
}

void SqlScript::finish(const Report& report) {
  flush_table();
  file_.close();
  const util::ReadFile file(folder_.path() / "waiting");
  for (auto table = waiting_.rbegin(); table != waiting_.rend(); ++table) {
    give(file, table->updates);
    give(file, table->inserts);
  }
  for (const TableDifference& table : report.tables) {
    using What = TableDifference::What;
    if (table.what == What::Rows) continue;
    const std::string_view why = table.what == What::OnlyInA   ? "is only in A"
                                 : table.what == What::OnlyInB ? "is only in B"
                                 : table.what == What::Columns ? "has other columns in B"
                                                               : "has other generated values in B";
    sink_(comment(cat("table ", table.name.display(), " ", why, ": left as it is")));
  }
  for (const LargeObjectDifference& object : report.large_objects)
    sink_(comment(cat("large object ", object.oid, " differs: left as it is")));
  if (!only_) {
    for (const SequenceDifference& sequence : report.sequences) {
      sink_(cat("SELECT pg_catalog.setval(", pg::quote_literal(sequence.name.quoted()), ", ",
                sequence.b.last_value, ", ", sequence.b.is_called ? "true" : "false", ");\n"));
    }
  }
  sink_("COMMIT;\n");
}

}  // namespace compare
