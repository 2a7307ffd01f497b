#include "compare/sorter.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <system_error>
#include <tuple>

#include "util/files.h"
#include "util/text.h"

namespace compare {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostRuns = 64;                // that are merged at once
constexpr std::size_t kRunBufferBytes = 64U << 10U;  // of each run that is read
constexpr std::size_t kWriteBytes = 1U << 20U;

bool before(const SortedRow& a, const SortedRow& b) {
  return std::tie(a.key, a.row) < std::tie(b.key, b.row);
}

// A record of a run: two lengths, the key, the row.
using Lengths = std::array<std::uint64_t, 2>;

class RunReader {
 public:
  explicit RunReader(const fs::path& path) : file_(path) {}

  bool next() {
    Lengths lengths{};
    if (offset_ + used_ == file_.size()) return false;
    take(reinterpret_cast<char*>(lengths.data()), sizeof lengths);
    key_.resize(lengths[0]);
    row_.resize(lengths[1]);
    take(key_.data(), key_.size());
    take(row_.data(), row_.size());
    return true;
  }
  SortedRow row() const { return {key_, row_}; }
  const fs::path& path() const { return file_.path(); }

 private:
  void take(char* out, std::size_t bytes) {
    while (bytes > 0) {
      if (used_ == filled_) fill();
      const std::size_t part = std::min(bytes, filled_ - used_);
      std::memcpy(out, buffer_.data() + used_, part);
      used_ += part;
      out += part;
      bytes -= part;
    }
  }
  void fill() {
    offset_ += used_;
    used_ = 0;
    buffer_.resize(kRunBufferBytes);
    filled_ =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer_.size(), file_.size() - offset_));
    // A run that ends within a record is told here, too: there is at least one byte to read.
    file_.read_at(offset_, std::span(buffer_).first(std::max<std::size_t>(filled_, 1)));
  }

  util::ReadFile file_;
  std::uint64_t offset_ = 0;  // of the buffer in the file
  std::size_t used_ = 0, filled_ = 0;
  std::vector<std::byte> buffer_;
  std::string key_, row_;
};

class Merge : public SortedRows {
 public:
  explicit Merge(const std::vector<fs::path>& runs) {
    for (const fs::path& run : runs) {
      auto reader = std::make_unique<RunReader>(run);
      if (reader->next()) heap_.push_back(std::move(reader));
    }
    std::make_heap(heap_.begin(), heap_.end(), later);
  }

  std::optional<SortedRow> next() override {
    if (given_) advance();
    if (heap_.empty()) return std::nullopt;
    std::pop_heap(heap_.begin(), heap_.end(), later);
    given_ = true;
    return heap_.back()->row();
  }

 private:
  static bool later(const std::unique_ptr<RunReader>& a, const std::unique_ptr<RunReader>& b) {
    return before(b->row(), a->row());
  }
  // The run whose row was given stands at the end.
  void advance() {
    given_ = false;
    if (heap_.back()->next()) {
      std::push_heap(heap_.begin(), heap_.end(), later);
    } else {
      std::error_code ignored;  // the whole folder goes later
      fs::remove(heap_.back()->path(), ignored);
      heap_.pop_back();
    }
  }

  std::vector<std::unique_ptr<RunReader>> heap_;
  bool given_ = false;
};

}  // namespace

class Sorter::InMemory : public SortedRows {
 public:
  explicit InMemory(const Sorter& sorter) : sorter_(sorter) {}
  std::optional<SortedRow> next() override {
    if (next_ == sorter_.slots_.size()) return std::nullopt;
    return sorter_.at(sorter_.slots_[next_++]);
  }

 private:
  const Sorter& sorter_;
  std::size_t next_ = 0;
};

Sorter::Sorter(fs::path folder, std::string name, std::size_t memory_bytes)
    : folder_(std::move(folder)), name_(std::move(name)), memory_bytes_(memory_bytes) {}
Sorter::~Sorter() = default;

SortedRow Sorter::at(const Slot& slot) const {
  const std::string_view text = text_;
  return {text.substr(slot.at, slot.key_bytes),
          text.substr(slot.at + slot.key_bytes, slot.row_bytes)};
}

void Sorter::add(std::string_view key, std::string_view row) {
  const util::Lock lock(mutex_);
  slots_.push_back({text_.size(), key.size(), row.size()});
  text_ += key;
  text_ += row;
  if (text_.size() + slots_.size() * sizeof(Slot) >= memory_bytes_) spill();
}

std::unique_ptr<SortedRows> Sorter::finish() {
  if (levels_.empty()) {
    sort_slots();
    return std::make_unique<InMemory>(*this);
  }
  if (!slots_.empty()) spill();
  text_ = std::string();
  slots_ = std::vector<Slot>();
  std::vector<fs::path> runs;
  for (const std::vector<fs::path>& level : levels_)
    runs.insert(runs.end(), level.begin(), level.end());
  return merge(runs);
}

void Sorter::sort_slots() {
  std::sort(slots_.begin(), slots_.end(),
            [this](const Slot& a, const Slot& b) { return before(at(a), at(b)); });
}

void Sorter::spill() {
  sort_slots();
  InMemory rows(*this);
  add_run(write_run(rows), 0);
  text_.clear();
  slots_.clear();
}

void Sorter::add_run(fs::path run, std::size_t level) {
  if (level == levels_.size()) levels_.emplace_back();
  levels_[level].push_back(std::move(run));
  if (levels_[level].size() < kMostRuns) return;
  fs::path merged = write_run(*merge(levels_[level]));
  levels_[level].clear();
  add_run(std::move(merged), level + 1);
}

fs::path Sorter::write_run(SortedRows& rows) {
  util::WriteFile file(folder_ / util::cat(name_, "-", next_run_++));
  std::string buffer;
  while (const std::optional<SortedRow> row = rows.next()) {
    const Lengths lengths{row->key.size(), row->row.size()};
    buffer.append(reinterpret_cast<const char*>(lengths.data()), sizeof lengths);
    buffer += row->key;
    buffer += row->row;
    if (buffer.size() < kWriteBytes) continue;
    file.write(buffer);
    buffer.clear();
  }
  file.write(buffer);
  file.close();
  return file.path();
}

std::unique_ptr<SortedRows> Sorter::merge(const std::vector<fs::path>& runs) const {
  return std::make_unique<Merge>(runs);
}

}  // namespace compare
