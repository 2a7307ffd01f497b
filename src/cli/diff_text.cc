#include "cli/diff_text.h"

#include <algorithm>

#include "archive/copy_text.h"
#include "cli/terminal.h"
#include "util/text.h"
#include "util/units.h"

namespace cli {
namespace {

using compare::Change;
using compare::TableDifference;
using util::cat;

constexpr std::size_t kBufferBytes = 64U << 10U;

void append_value(std::string& out, std::string_view field) {
  if (field == archive::kNullField) {
    out += "NULL";
  } else if (field.empty() || field == "NULL" ||
             field.find_first_of(" '=") != std::string_view::npos) {
    out += cat('\'', util::replace_all(util::printable(field), "'", "''"), '\'');
  } else {
    out += util::printable(field);
  }
}

std::string count_of(const std::optional<std::uint64_t>& rows) {
  return rows ? cat(" (", util::show_count(*rows), *rows == 1 ? " row)" : " rows)") : "";
}

std::string table_line(const TableDifference& table) {
  using What = TableDifference::What;
  const std::string name = cat("table ", table.name.display());
  switch (table.what) {
    case What::OnlyInA:
      return cat(name, ": only in A", count_of(table.rows_a));
    case What::OnlyInB:
      return cat(name, ": only in B", count_of(table.rows_b));
    case What::Columns:
      return cat(name, ": columns differ, rows are not compared; only in A: ",
                 table.only_a.empty() ? "none" : util::printable(util::join(table.only_a, ", ")),
                 "; only in B: ",
                 table.only_b.empty() ? "none" : util::printable(util::join(table.only_b, ", ")));
    case What::Generated:
      return cat(name, ": rows are equal, values of generated columns differ");
    case What::Rows:
      break;
  }
  const std::string rows = cat(util::show_count(table.rows_a.value_or(0)), " rows in A, ",
                               util::show_count(table.rows_b.value_or(0)), " in B");
  if (!table.counts) return cat(name, ": rows differ; ", rows);
  return cat(name, ": ", util::show_count(table.counts->added), " added, ",
             util::show_count(table.counts->changed), " changed, ",
             util::show_count(table.counts->deleted), " deleted; ", rows);
}

std::string position(const compare::Position& at) {
  return cat(at.last_value, at.is_called ? "" : " (not yet called)");
}

std::string large_object(const std::optional<compare::LargeObject>& object) {
  return object ? cat(util::show_size(object->bytes), " sha256 ", object->sha256.substr(0, 12))
                : std::string("nothing");
}

// Beside the content: who owns it, who may do what, what is said of it.
std::string large_object_facts(const compare::LargeObjectDifference& object) {
  if (!object.a || !object.b) return {};
  std::string out;
  const auto add = [&](std::string_view what, const std::string& a, const std::string& b) {
    if (a == b) return;
    const auto shown = [](const std::string& text) {
      return text.empty() ? std::string("none") : util::printable(text);
    };
    out +=
        cat("large object ", object.oid, ": ", what, " ", shown(a), " in A, ", shown(b), " in B\n");
  };
  add("owner", object.a->owner, object.b->owner);
  add("privileges", object.a->privileges, object.b->privileges);
  add("comment", object.a->comment, object.b->comment);
  return out;
}

// A table that one side lacks is told with its rows; neither again as an object nor its columns.
bool told_as_table(const compare::Report& report, const schema::Object& object) {
  if (object.type != "table" && object.type != "column") return false;
  return std::any_of(
      report.tables.begin(), report.tables.end(), [&object](const TableDifference& table) {
        using What = TableDifference::What;
        const std::string name = table.name.display();
        return (table.what == What::OnlyInA || table.what == What::OnlyInB) &&
               (object.identity == name || object.identity.starts_with(cat(name, ".")));
      });
}

}  // namespace

void TextRows::begin(const compare::TableRows& table) {
  columns_.clear();
  key_.clear();
  for (const std::string& column : table.columns) columns_.push_back(util::printable(column));
  for (const std::string& column : table.key) {
    key_.push_back(static_cast<std::size_t>(
        std::find(table.columns.begin(), table.columns.end(), column) - table.columns.begin()));
  }
  title_ = cat("table ", table.name.display(), ":\n");
}

void TextRows::row(const compare::RowChange& change) {
  if (only_ && change.what != *only_) return;
  text_ += std::exchange(title_, std::string());
  if (change.what != Change::Added) archive::split_row(change.before, before_);
  if (change.what != Change::Deleted) archive::split_row(change.after, after_);
  switch (change.what) {
    case Change::Deleted:
      text_ += "  -";
      append_fields(before_);
      break;
    case Change::Added:
      text_ += "  +";
      append_fields(after_);
      break;
    case Change::Changed:
      append_changed(before_, after_);
      break;
  }
  text_ += '\n';
  if (text_.size() >= kBufferBytes) finish();
}

void TextRows::finish() {
  print_rows(text_);
  text_.clear();
}

void TextRows::append_changed(const std::vector<std::string_view>& before,
                              const std::vector<std::string_view>& after) {
  text_ += "  ~";
  for (const std::size_t n : key_) append_field(n, before.at(n));
  std::string_view separator = ": ";
  for (std::size_t n = 0; n < std::min(columns_.size(), after.size()); ++n) {
    if (before.at(n) == after[n]) continue;
    text_ += cat(separator, columns_[n], " ");
    append_value(text_, before[n]);
    text_ += " → ";
    append_value(text_, after[n]);
    separator = ", ";
  }
}

void TextRows::append_fields(const std::vector<std::string_view>& fields) {
  for (std::size_t n = 0; n < std::min(columns_.size(), fields.size()); ++n)
    append_field(n, fields[n]);
}

void TextRows::append_field(std::size_t n, std::string_view value) {
  text_ += cat(" ", columns_.at(n), "=");
  append_value(text_, value);
}

std::string diff_summary(const compare::Report& report) {
  std::string out;
  const auto objects = [&](const std::vector<schema::Object>& list, std::string_view where) {
    for (const schema::Object& object : list) {
      if (told_as_table(report, object)) continue;
      out += cat(object.type, " ", util::printable(object.identity), ": only in ", where, "\n");
    }
  };
  objects(report.objects_only_a, "A");
  objects(report.objects_only_b, "B");
  for (const TableDifference& table : report.tables) out += table_line(table) + "\n";
  for (const compare::SequenceDifference& sequence : report.sequences) {
    out += cat("sequence ", sequence.name.display(), ": at ", position(sequence.a), " in A, ",
               position(sequence.b), " in B\n");
  }
  for (const compare::LargeObjectDifference& object : report.large_objects) {
    const bool same_content = object.a && object.b && object.a->bytes == object.b->bytes &&
                              object.a->sha256 == object.b->sha256;
    if (!same_content) {
      out += cat("large object ", object.oid, ": ", large_object(object.a), " in A, ",
                 large_object(object.b), " in B\n");
    }
    out += large_object_facts(object);
  }
  const std::string equal = cat(util::show_counted(report.equal_tables, "table"), " with ",
                                util::show_counted(report.equal_rows, "row"));
  return out +
         (report.equal() ? cat("equal: ", equal, "\n") : cat("different; equal are ", equal, "\n"));
}

}  // namespace cli
