// An archive of pg_dump's, whatever it is made of: one file (custom format) or a folder (directory
// format).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string_view>

#include "archive/toc.h"
#include "codec/inflate.h"
#include "util/error.h"

namespace archive {

constexpr std::string_view kEndOfData = "\\.\n\n\n";

// Threads: const methods from any.
class Reader {
 public:
  virtual ~Reader() = default;

  virtual const Toc& toc() const noexcept = 0;
  // How large the data of each entry are in the archive, packed, by dump id: what is not there is
  // left out. Reads no data, but may have to look for blocks whose place the contents do not say.
  virtual std::map<int, std::uint64_t> data_bytes() const = 0;

  // The content of a table's data, complete with its end marker, or Kind::Damage naming entry and
  // place.
  virtual void read_table(const TocEntry& entry, const codec::ByteSink& sink) const = 0;
  // Each large object: begin(oid), its bytes, end(). One that is damaged ends the reading, unless
  // `damaged` takes it: then its bytes are some of its first ones, and the next one follows if it
  // can be found.
  struct LargeObjectSink {
    std::function<void(std::uint32_t oid)> begin;
    codec::ByteSink bytes;
    std::function<void()> end;
    std::function<void(const util::Error& failure)> damaged = {};  // before end()
  };
  virtual void read_large_objects(const TocEntry& entry, const LargeObjectSink& sink) const = 0;

 protected:
  Reader() = default;
  Reader(const Reader&) = default;
  Reader(Reader&&) = default;
  Reader& operator=(const Reader&) = default;
  Reader& operator=(Reader&&) = default;
};

// Kind::Usage for what is no archive, and for tar archives; Kind::Damage for one whose contents
// cannot be read.
std::unique_ptr<Reader> open_archive(const std::filesystem::path& path);
bool is_directory_archive(const std::filesystem::path& path);  // a folder with a toc.dat

}  // namespace archive
