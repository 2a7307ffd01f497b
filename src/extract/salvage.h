// An archive that gives what can be read of it and lists the rest, for whoever restores it.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "archive/manifest.h"
#include "archive/reader.h"
#include "extract/extract.h"
#include "util/mutex.h"

namespace extract {

// Guarantees: the rows of a table that it gives are whole ones, and of recorded pieces those that
// were written; each that is missing is counted by one of lost(). Threads: as every archive.
class SalvageReader : public archive::Reader {
 public:
  // Kind::Damage if the contents cannot be read, whatever of the rows could be.
  explicit SalvageReader(const Source& source);
  ~SalvageReader() override;

  const archive::Toc& toc() const noexcept override;
  std::map<int, std::uint64_t> data_bytes() const override;
  void read_table(const archive::TocEntry& entry, const codec::ByteSink& sink) const override;
  // Of a damaged one the beginning; those behind it if they can be found.
  void read_large_objects(const archive::TocEntry& entry,
                          const LargeObjectSink& sink) const override;

  std::vector<Loss> lost() const;  // so far
  std::vector<std::string> notes() const;

 private:
  void keep(std::optional<Loss> loss, std::optional<std::string> note) const;

  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace extract
