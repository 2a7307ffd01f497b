#include "extract/csv_pieces.h"

#include <utility>
#include <vector>

#include "archive/copy_text.h"
#include "codec/inflate.h"
#include "util/files.h"

namespace extract {
namespace {

constexpr std::size_t kReadBytes = 16U << 10U;  // of a text that may be a thousand times as long

// CSV as the server writes it, as COPY text.
class CsvToCopy {
 public:
  explicit CsvToCopy(std::size_t columns) : columns_(columns) {}

  // Up to the end of the row by which `rows_left` comes to 0. Returns how many bytes that took.
  std::size_t add(std::string_view csv, std::uint64_t& rows_left, std::string& copy) {
    std::size_t at = 0;
    while (at < csv.size() && rows_left > 0) {
      if (step(csv[at++], copy)) --rows_left;
    }
    return at;
  }

 private:
  // Whether a row ends with the byte. Doubled quotes close the quoted part and open it again.
  bool step(char byte, std::string& copy) {
    if (byte == '"') {
      if (quoted_ && !within_) *value_ += byte;
      quoted_ = true;
      within_ = !within_;
    } else if (within_ || (byte != ',' && byte != '\n')) {
      *value_ += byte;
    } else {
      end_field(copy);
      copy += byte == ',' ? '\t' : '\n';
      return byte == '\n';
    }
    return false;
  }

  void end_field(std::string& copy) {
    const bool null = value_->empty() && !quoted_;
    if (columns_ > 0) archive::append_field(copy, null ? std::nullopt : value_);
    value_->clear();
    quoted_ = false;
  }

  const std::size_t columns_;
  std::optional<std::string> value_ = std::string();  // of the field, as far as it came
  bool quoted_ = false;                               // a quote has been seen in it
  bool within_ = false;                               // the quotes
};

}  // namespace

class CsvPieces::Stream {
 public:
  Stream(const std::filesystem::path& file, std::size_t columns)
      : file_(file), inflater_(codec::Framing::Gzip), rows_(columns) {
    std::string header;
    read(1, header);
  }

  void read(std::uint64_t rows, std::string& copy) {
    while (rows > 0) {
      if (at_ == csv_.size()) inflate_more();
      at_ += rows_.add(std::string_view(csv_).substr(at_), rows, copy);
    }
  }

 private:
  void inflate_more() {
    std::vector<std::byte> deflated(kReadBytes);
    deflated.resize(file_.read_some(offset_, deflated));
    if (deflated.empty())
      throw util::Error(util::Kind::Damage, "the CSV file ends before the last row");
    offset_ += deflated.size();
    csv_.clear();
    at_ = 0;
    inflater_.add(deflated, [this](std::span<const std::byte> raw) {
      csv_.append(reinterpret_cast<const char*>(raw.data()), raw.size());
    });
  }

  util::ReadFile file_;
  codec::Inflater inflater_;
  CsvToCopy rows_;
  std::uint64_t offset_ = 0;
  std::string csv_;
  std::size_t at_ = 0;  // in it
};

CsvPieces::CsvPieces(std::filesystem::path file, const archive::TableRecord& table)
    : file_(std::move(file)), table_(table) {}
CsvPieces::~CsvPieces() = default;

std::string CsvPieces::take(std::size_t piece) {
  const util::Lock lock(mutex_);
  if (failure_ && piece >= next_) throw util::Error(*failure_);
  std::string rows;
  try {
    if (!stream_ || piece < next_) {
      failure_.reset();
      next_ = 0;
      stream_ = std::make_unique<Stream>(file_, table_.columns.size());
    }
    for (; next_ <= piece; ++next_) {
      rows.clear();
      stream_->read(table_.pieces[next_].rows, rows);
    }
  } catch (const util::Error& failure) {
    if (failure.kind() == util::Kind::Damage) failure_ = failure;
    throw;
  }
  return rows;
}

}  // namespace extract
