#include "extract/archive_source.h"

#include <utility>
#include <vector>

#include "archive/custom_file.h"
#include "archive/entry_sql.h"
#include "util/error.h"
#include "util/text.h"

namespace extract {
namespace {

using util::cat;
using util::Error;
using util::Kind;

bool is_there(const std::filesystem::path& path) {
  std::error_code absent;
  return std::filesystem::exists(path, absent);
}

// What the manifest knows of the contents: the rows' tables.
archive::Toc contents_of(const archive::Manifest& manifest) {
  archive::Toc toc;
  archive::TocEntry encoding;
  encoding.desc = encoding.tag = "ENCODING";
  encoding.definition = cat("SET client_encoding = '", manifest.encoding, "';\n");
  toc.entries.push_back(std::move(encoding));
  for (const archive::TableRecord& table : manifest.tables) {
    archive::TocEntry& entry = toc.entries.emplace_back();
    entry.dump_id = table.dump_id;
    entry.desc = "TABLE DATA";
    entry.section = archive::Section::Data;
    entry.schema = table.schema;
    entry.tag = table.table;
    entry.has_data = true;
    std::vector<std::string> columns;
    for (const std::string& column : table.columns) columns.push_back(archive::quoted(column));
    entry.copy =
        cat("COPY ", archive::quoted(table.schema), ".", archive::quoted(table.table), " ",
            columns.empty() ? "" : cat("(", util::join(columns, ", "), ")"), " FROM stdin;\n");
  }
  return toc;
}

}  // namespace

ArchiveSource::ArchiveSource(const Source& source) : folder_(source.folder) {
  if (source.manifest == nullptr) {
    archive_ = archive::open_archive(source.archive);
  } else {
    open_pieces(source);
  }
}

void ArchiveSource::open_pieces(const Source& source) {
  if (!source.sql.empty() && is_there(source.sql)) sql_.emplace(source.sql);
  std::string why = "is missing";
  if (is_there(source.archive) || !sql_) {
    pieces_.emplace(source.archive);
    try {
      archive_ = std::make_unique<archive::CustomFileReader>(source.archive);
      return;
    } catch (const Error& failure) {
      // The version may be the damaged byte.
      if (failure.kind() != Kind::Damage && failure.kind() != Kind::Usage) throw;
      why = cat("has contents that cannot be read (", failure.message(), ")");
    }
  }
  toc_ = contents_of(*source.manifest);
  note_ = cat(util::printable(source.archive.filename().string()), " ", why,
              "; rows are read by what the manifest says of them, and types and keys of tables are "
              "not known");
}

std::unique_ptr<Batches> ArchiveSource::batches(const Table& table) const {
  const bool recorded = table.record != nullptr && (!table.record->pieces.empty() || !archive_);
  if (!recorded) return batches_of_stream(*archive_, table);
  return batches_of_pieces(
      {.archive = pieces_ ? &*pieces_ : nullptr, .sql = sql_ ? &*sql_ : nullptr, .folder = folder_},
      table);
}

}  // namespace extract
