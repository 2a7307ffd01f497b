// Level `read-back` of an archive without its manifest: every byte of its data is unpacked as a
// restore would do it. Pieces that its own index knows are compared with that.
#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <utility>

#include "archive/custom_file.h"
#include "archive/piece_index.h"
#include "archive/reader.h"
#include "archive/sql_file_name.h"
#include "backup/backup.h"
#include "backup/findings.h"
#include "backup/read_back.h"
#include "codec/fingerprint.h"
#include "util/text.h"

namespace backup {
namespace {

using archive::TocEntry;

class ForeignRead {
 public:
  explicit ForeignRead(const std::filesystem::path& path) : path_(path) {
    if (archive::is_directory_archive(path)) {
      reader_ = archive::open_archive(path);
      return;
    }
    index_ = archive::read_piece_index(path);
    if (!index_) {
      reader_ = archive::open_archive(path);
      return;
    }
    auto file = std::make_unique<archive::CustomFileReader>(path);
    pieces_ = file.get();
    reader_ = std::move(file);
  }

  ArchiveRead run(std::size_t threads, const std::stop_token& stop) {
    ArchiveRead read;
    read.indexed = index_.has_value();
    for (const TocEntry& entry : reader_->toc().entries) {
      if (!entry.has_data) continue;
      if (entry.desc != "BLOBS") ++read.tables;
      add_jobs(entry);
    }
    const auto quiet = [](std::uint64_t, std::uint64_t) {};
    run_jobs(std::move(jobs_), threads, findings_, quiet, stop);
    run_jobs(frame_jobs(), threads, findings_, quiet, stop);
    read.findings = findings_.take();
    read.rows = rows_;
    read.large_objects = objects_;
    return read;
  }

 private:
  struct Indexed {
    const TocEntry* entry;
    const archive::TableRecord* record;
    TableRead read;
  };

  static std::string name_of(const TocEntry& entry) {
    return util::cat(entry.schema.value_or(""), ".", entry.tag);
  }

  void add_jobs(const TocEntry& entry) {
    if (entry.desc == "BLOBS") {
      jobs_.push_back({file(), "", 1, [this, &entry] { read_large_objects(entry); }});
    } else if (const archive::TableRecord* const record = record_of(entry)) {
      add_piece_jobs(entry, *record);
    } else {
      jobs_.push_back({"", name_of(entry), 1, [this, &entry] { read_stream(entry); }});
    }
  }

  const archive::TableRecord* record_of(const TocEntry& entry) const {
    if (!index_) return nullptr;
    const auto found = std::find_if(
        index_->tables.begin(), index_->tables.end(), [&](const archive::TableRecord& table) {
          return table.dump_id == entry.dump_id && table.table == entry.tag &&
                 table.schema == entry.schema && !table.pieces.empty();
        });
    return found == index_->tables.end() ? nullptr : &*found;
  }

  void add_piece_jobs(const TocEntry& entry, const archive::TableRecord& record) {
    constexpr std::size_t kPiecesOfJob = 4;
    indexed_.push_back(std::make_unique<Indexed>(Indexed{&entry, &record, {}}));
    TableRead& read = indexed_.back()->read;
    read.pieces.resize(record.pieces.size());
    for (std::size_t begin = 0; begin < record.pieces.size(); begin += kPiecesOfJob) {
      const std::size_t end = std::min(begin + kPiecesOfJob, record.pieces.size());
      jobs_.push_back({file(), name_of(entry), 1, [this, &record, &read, begin, end] {
                         read_pieces(*pieces_, nullptr, record, begin, end, read, findings_);
                       }});
    }
  }

  std::vector<Job> frame_jobs() {
    std::vector<Job> jobs;
    if (indexed_.empty()) return jobs;
    bytes_ = std::make_unique<util::ReadFile>(path_);
    for (const std::unique_ptr<Indexed>& table : indexed_) {
      for (const PieceRead& piece : table->read.pieces) rows_ += piece.fingerprint.rows;
      jobs.push_back({file(), name_of(*table->entry), 1, [this, &table = *table] {
                        check_frame(*bytes_, archive::piece_method(pieces_->toc()), *table.entry,
                                    *table.record, table.read, findings_);
                      }});
    }
    return jobs;
  }

  void read_stream(const TocEntry& entry) {
    codec::RowSplitter splitter;
    reader_->read_table(entry, [&](std::span<const std::byte> raw) { splitter.add(raw); });
    if (entry.copy) rows_ += splitter.fingerprint().rows;
  }

  void read_large_objects(const TocEntry& entry) {
    std::uint32_t oid = 0;
    const auto damaged = [&](const util::Error& failure) {
      archive::Finding finding;
      finding.code = "large-object";
      finding.file = file();
      finding.text = util::cat("large object ", oid, " is damaged: ", failure.message());
      findings_.add(std::move(finding));
    };
    reader_->read_large_objects(entry, {.begin =
                                            [&](std::uint32_t begun) {
                                              oid = begun;
                                              ++objects_;
                                            },
                                        .bytes = [](std::span<const std::byte>) {},
                                        .end = [] {},
                                        .damaged = damaged});
  }

  std::string file() const { return path_.filename().string(); }

  const std::filesystem::path path_;
  std::optional<archive::PieceIndex> index_;
  std::unique_ptr<archive::Reader> reader_;
  const archive::CustomFileReader* pieces_ = nullptr;  // the reader, where there is an index
  std::unique_ptr<util::ReadFile> bytes_;
  std::vector<std::unique_ptr<Indexed>> indexed_;
  std::vector<Job> jobs_;
  Findings findings_;
  std::atomic<std::uint64_t> rows_{0}, objects_{0};
};

}  // namespace

ArchiveRead read_back(const std::filesystem::path& archive, std::size_t jobs,
                      std::stop_token stop) {
  return ForeignRead(archive).run(jobs, stop);
}

}  // namespace backup
