// What reading the data of an entry has in common, whatever the format. Private to this module.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "archive/toc.h"
#include "util/error.h"

namespace archive {

// Remembers how a text ends.
class EndOfData {
 public:
  void add(std::span<const std::byte> bytes);
  // Data dumped as INSERT commands have no COPY statement and no marker.
  bool missing(const TocEntry& entry) const;

 private:
  std::string last_;
};

void add_entry_context(util::Error& error, const TocEntry& entry,
                       const std::filesystem::path& path);

}  // namespace archive
