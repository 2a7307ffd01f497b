// An archive together with one of what has changed since: the objects of the first, the rows,
// positions of sequences and large objects of the second wherever it has them. What a restore makes
// of it is the later state at once.
//
// Threads: const methods from any. Both archives outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <utility>

#include "archive/reader.h"
#include "archive/toc.h"

namespace archive {

enum class LargeObjectsOf { First, Second };

class FollowedReader : public Reader {
 public:
  // Kind::Damage if `second` has data of something that `first` does not know.
  FollowedReader(const Reader& first, const Reader& second, LargeObjectsOf large_objects);

  const Toc& toc() const noexcept override { return toc_; }
  std::map<int, std::uint64_t> data_bytes() const override;
  void read_table(const TocEntry& entry, const codec::ByteSink& sink) const override;
  void read_large_objects(const TocEntry& entry, const LargeObjectSink& sink) const override;

 private:
  void take_data(const TocEntry& entry);
  void take_large_objects();
  std::pair<const Reader*, const TocEntry*> source(const TocEntry& entry) const;

  const Reader& first_;
  const Reader& second_;
  Toc toc_;
  std::map<int, const TocEntry*> of_second_;  // by the dump id here
};

}  // namespace archive
