#include "extract/tables.h"

#include <algorithm>

#include "util/error.h"
#include "util/text.h"

namespace extract {
namespace {

using archive::TocEntry;
using util::cat;
using util::Error;
using util::Kind;

const archive::TableRecord* record_of(const archive::Manifest* manifest, const TocEntry& entry) {
  if (manifest == nullptr) return nullptr;
  for (const archive::TableRecord& record : manifest->tables) {
    if (record.dump_id == entry.dump_id && record.table == entry.tag &&
        record.schema == entry.schema)
      return &record;
  }
  return nullptr;
}

bool has_rows(const TocEntry& entry) { return entry.desc == "TABLE DATA" && entry.has_data; }

std::string names_of(const std::vector<std::string>& names, std::size_t most) {
  std::vector<std::string> some(
      names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), most)));
  return util::printable(util::join(some, ", ")) + (names.size() > most ? ", …" : "");
}

// What the operator may have meant: partitions of a table that has no rows itself, or a near name.
[[noreturn]] void none_fits(const archive::Toc& toc, const TablePattern& pattern,
                            std::string_view given) {
  std::vector<std::string> all;
  std::vector<std::string> partitions;
  std::vector<int> meant;
  for (const TocEntry& entry : toc.entries) {
    if (entry.desc == "TABLE" && pattern.matches(entry.schema.value_or(""), entry.tag))
      meant.push_back(entry.dump_id);
    if (has_rows(entry)) all.push_back(cat(entry.schema.value_or(""), ".", entry.tag));
    const bool attached =
        entry.desc == "TABLE ATTACH" && std::any_of(meant.begin(), meant.end(), [&](int id) {
          return std::ranges::count(entry.dependencies, id) > 0;
        });
    if (attached) partitions.push_back(cat(entry.schema.value_or(""), ".", entry.tag));
  }
  if (!meant.empty()) {
    throw Error(
        Kind::Usage, cat("table ", util::printable(given), " has no rows in the archive"),
        {.hint = partitions.empty() ? std::string("They were left out when it was made.")
                                    : cat("It is partitioned, into ", names_of(partitions, 8),
                                          "; give one of them or a pattern."),
         .sqlstate = {}});
  }
  std::vector<std::string_view> names(all.begin(), all.end());
  for (const std::string& name : all)
    names.push_back(std::string_view(name).substr(name.find('.') + 1));
  const std::optional<std::string_view> near = util::nearest(given, names);
  throw Error(Kind::Usage, cat("no table of the archive fits ", util::printable(given)),
              {.hint = near ? cat("Did you mean ", util::printable(*near), "?")
                            : cat("It has ", names_of(all, 12), "."),
               .sqlstate = {}});
}

}  // namespace

std::string Table::display() const { return cat(schema, ".", name); }

Table table_of(const TocEntry& entry, const archive::Manifest* manifest) {
  std::optional<archive::CopyStatement> copy = archive::parse_copy(entry.copy.value_or(""));
  if (!copy) {
    throw Error(
        Kind::Usage,
        cat("the rows of ", util::printable(cat(entry.schema.value_or(""), ".", entry.tag)),
            " are INSERT commands, not COPY data"),
        {.hint = "Restore the archive (restore FILE --to NAME) and read the table there, or "
                 "read the commands with pg_restore --file=-.",
         .sqlstate = {}});
  }
  return {.schema = entry.schema.value_or(""),
          .name = entry.tag,
          .entry = &entry,
          .record = record_of(manifest, entry),
          .copy = *std::move(copy)};
}

std::vector<Table> find_tables(const archive::Toc& toc, const archive::Manifest* manifest,
                               std::string_view text) {
  const TablePattern pattern(text);
  std::vector<Table> tables;
  for (const TocEntry& entry : toc.entries) {
    if (has_rows(entry) && pattern.matches(entry.schema.value_or(""), entry.tag))
      tables.push_back(table_of(entry, manifest));
  }
  if (tables.empty()) none_fits(toc, pattern, text);
  return tables;
}

}  // namespace extract
