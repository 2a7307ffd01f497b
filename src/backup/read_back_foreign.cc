// Level `read-back` of an archive that somebody else made: every byte of its data is unpacked as a
// restore would do it.
#include <atomic>

#include "backup/backup.h"
#include "backup/findings.h"
#include "codec/fingerprint.h"
#include "util/text.h"

namespace backup {

ArchiveRead read_back(const archive::Reader& archive, std::size_t jobs, std::stop_token stop) {
  Findings findings;
  std::atomic<std::uint64_t> rows{0}, objects{0};
  ArchiveRead read;
  std::vector<Job> work;
  for (const archive::TocEntry& entry : archive.toc().entries) {
    if (!entry.has_data) continue;
    const std::string table = util::cat(entry.schema.value_or(""), ".", entry.tag);
    if (entry.desc == "BLOBS") {
      work.push_back(
          {"", "", 1, [&archive, &entry, &objects] {
             archive.read_large_objects(
                 entry,
                 {.begin = [&](std::uint32_t) { ++objects; }, .bytes = [](auto) {}, .end = [] {}});
           }});
      continue;
    }
    ++read.tables;
    work.push_back({"", table, 1, [&archive, &entry, &rows] {
                      codec::RowSplitter splitter;
                      archive.read_table(
                          entry, [&](std::span<const std::byte> raw) { splitter.add(raw); });
                      if (entry.copy) rows += splitter.fingerprint().rows;
                    }});
  }
  run_jobs(
      std::move(work), jobs, findings, [](std::uint64_t, std::uint64_t) {}, stop);
  read.findings = findings.take();
  read.rows = rows;
  read.large_objects = objects;
  return read;
}

}  // namespace backup
