// An archive in the directory format: toc.dat, and a file for the data of each entry and for each
// large object, plain or compressed as its suffix says.
#pragma once

#include <filesystem>

#include "archive/reader.h"
#include "archive/toc.h"

namespace archive {

class DirectoryReader : public Reader {
 public:
  explicit DirectoryReader(std::filesystem::path folder);

  const Toc& toc() const noexcept override { return toc_; }
  std::uint64_t file_bytes() const noexcept override { return 0; }
  void read_table(const TocEntry& entry, const codec::ByteSink& sink) const override;
  void read_large_objects(const TocEntry& entry, const LargeObjectSink& sink) const override;

 private:
  void read_file(const std::string& name, const codec::ByteSink& sink) const;

  const std::filesystem::path folder_;
  Toc toc_;
};

}  // namespace archive
