// The tables of an archive whose rows are asked for, and what their statements need.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "archive/identifiers.h"
#include "archive/manifest.h"
#include "archive/toc.h"
#include "extract/pattern.h"

namespace extract {

struct Table {
  std::string schema, name;
  const archive::TocEntry* entry = nullptr;      // with its data
  const archive::TableRecord* record = nullptr;  // of the manifest, if there is one
  archive::CopyStatement copy;                   // the table that rows go into, and the columns

  std::string display() const;  // schema.name
};

// Kind::Usage for data that are no COPY text.
Table table_of(const archive::TocEntry& entry, const archive::Manifest* manifest);
// In the order of the archive. Kind::Usage if there is none, naming near ones.
std::vector<Table> find_tables(const archive::Toc& toc, const archive::Manifest* manifest,
                               std::string_view pattern);

}  // namespace extract
