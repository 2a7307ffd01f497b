#include "archive/sql_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "archive/entry_sql.h"
#include "archive/sql_file_name.h"
#include "archive/sql_script.h"
#include "codec/piece_format.h"
#include "codec/sha256.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace archive {

namespace {
constexpr std::size_t kTextPieceBytes = 1U << 20U;
constexpr std::size_t kWriteBytes = 256U << 10U;
// One statement for each so many bytes of a large object: 1 MiB of SQL.
constexpr std::size_t kLargeObjectStep = 512U << 10U;

// A gzip or zstd file made of pieces and of text, which becomes pieces.
class PackedFile {
 public:
  PackedFile(std::filesystem::path path, codec::Method method)
      : file_(std::move(path)),
        framed_(method == codec::Method::Deflate),
        text_({.method = method}) {
    if (framed_) put(codec::kGzipHeader);
  }

  void text(std::string_view text) {
    text_.add(std::as_bytes(std::span(text)));
    if (text_.raw_bytes() >= kTextPieceBytes) flush_text();
  }
  std::uint64_t piece(const codec::Piece& piece) {
    flush_text();
    const std::uint64_t offset = position();
    put_piece(piece);
    return offset;
  }
  std::string finish() {
    flush_text();
    if (framed_) {
      put(codec::kFinalBlock);
      put(codec::gzip_trailer(sum_));
    }
    flush();
    file_.finish();
    return sha_.finish();
  }
  std::uint64_t position() const noexcept { return file_.position() + buffer_.size(); }

 private:
  void flush_text() {
    if (text_.raw_bytes() > 0) put_piece(text_.take());
  }
  void put_piece(const codec::Piece& piece) {
    put(piece.deflated);
    sum_.append(piece);
  }
  void put(std::span<const std::byte> bytes) {
    sha_.update(bytes);
    if (buffer_.size() + bytes.size() > kWriteBytes) flush();
    if (bytes.size() > kWriteBytes) {
      file_.write(bytes);
    } else {
      buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    }
  }
  void flush() {
    file_.write(buffer_);
    buffer_.clear();
  }

  util::WriteFile file_;
  const bool framed_;
  codec::Sha256 sha_;
  codec::StreamSum sum_;
  codec::PiecePacker text_;        // what came as text since the last piece
  std::vector<std::byte> buffer_;  // not yet written
};
}  // namespace

struct SqlFileWriter::State {
  State(std::filesystem::path path, const Toc& toc, SqlFileOptions options)
      : file(std::move(path), piece_method(toc)),
        script(toc, options, [this](std::string_view text) { file.text(text); }) {}

  void write_large_object_step() {
    if (bytes.empty()) return;
    file.text(util::cat("SELECT pg_catalog.lo_put('", oid, "', ", offset, ", pg_catalog.decode('",
                        util::hex(bytes), "', 'hex'));\n"));
    offset += bytes.size();
    bytes.clear();
  }

  PackedFile file;
  SqlScript script;
  std::uint32_t oid = 0;     // of the large object that is being written
  std::uint64_t offset = 0;  // of `bytes` in it
  std::vector<std::byte> bytes;
};

SqlFileWriter::SqlFileWriter(std::filesystem::path path, const Toc& toc, SqlFileOptions options)
    : state_(std::make_unique<State>(std::move(path), toc, options)) {
  state_->script.before_data();
}

SqlFileWriter::~SqlFileWriter() = default;

void SqlFileWriter::begin_table(const TocEntry& entry) {
  PGBELAY_ASSERT(entry.copy.has_value());
  state_->file.text(comment_block(entry));
  state_->file.text(*entry.copy);
}

std::uint64_t SqlFileWriter::write_piece(const codec::Piece& piece) {
  return state_->file.piece(piece);
}

void SqlFileWriter::end_table() { state_->file.text("\\.\n\n"); }

void SqlFileWriter::statement(const TocEntry& entry) { state_->script.data_statement(entry); }

void SqlFileWriter::begin_large_object(std::uint32_t oid) {
  state_->oid = oid;
  state_->offset = 0;
}

void SqlFileWriter::large_object_bytes(std::span<const std::byte> bytes) {
  std::vector<std::byte>& step = state_->bytes;
  while (!bytes.empty()) {
    const std::size_t taken = std::min(kLargeObjectStep - step.size(), bytes.size());
    step.insert(step.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(taken));
    bytes = bytes.subspan(taken);
    if (step.size() == kLargeObjectStep) state_->write_large_object_step();
  }
}

void SqlFileWriter::end_large_object() { state_->write_large_object_step(); }

std::string SqlFileWriter::finish() {
  state_->script.after_data();
  return state_->file.finish();
}

std::uint64_t SqlFileWriter::position() const noexcept { return state_->file.position(); }

}  // namespace archive
