// An archive in the directory format: toc.dat, and a file for the data of each entry and for each
// large object, plain or compressed as its suffix says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "archive/reader.h"
#include "archive/toc.h"

namespace archive {

struct LargeObjectFile {
  std::uint32_t oid = 0;
  std::string name;
};

class DirectoryReader : public Reader {
 public:
  explicit DirectoryReader(std::filesystem::path folder);

  const Toc& toc() const noexcept override { return toc_; }
  std::map<int, std::uint64_t> data_bytes() const override;
  void read_table(const TocEntry& entry, const codec::ByteSink& sink) const override;
  void read_large_objects(const TocEntry& entry, const LargeObjectSink& sink) const override;

 private:
  void read_file(const std::string& name, const codec::ByteSink& sink) const;
  std::vector<LargeObjectFile> large_objects_of(const TocEntry& entry) const;

  const std::filesystem::path folder_;
  Toc toc_;
};

}  // namespace archive
