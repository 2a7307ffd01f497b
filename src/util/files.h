// Files that are absent or complete: descriptors, durable writes, publish by rename, temporary
// folders.
//
// Failure: Kind::Io (Kind::Space for ENOSPC and EDQUOT), naming the path and the cause.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "util/error.h"

namespace util {

std::string errno_text(int code);
// The Error for a failed system call on `path`: Kind::Space when the disk is full, else Kind::Io.
Error io_error(std::string_view doing, const std::filesystem::path& path, int code);

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) noexcept : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept;
  ~UniqueFd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept;
  void reset() noexcept;
  // Closes and reports: the last chance to hear about a delayed write error.
  void close(const std::filesystem::path& path);

 private:
  int fd_ = -1;
};

// A file that is read at any position, from several threads at once.
class ReadFile {
 public:
  explicit ReadFile(std::filesystem::path path);
  std::uint64_t size() const noexcept { return size_; }
  const std::filesystem::path& path() const noexcept { return path_; }
  // Reads exactly `out.size()` bytes at `offset`; a file that ends before is Kind::Damage.
  void read_at(std::uint64_t offset, std::span<std::byte> out) const;
  // Reads up to `out.size()` bytes; fewer only at the end of the file.
  std::size_t read_some(std::uint64_t offset, std::span<std::byte> out) const;

 private:
  std::filesystem::path path_;
  UniqueFd fd_;
  std::uint64_t size_ = 0;
};

// A new file, written front to back with patches; durable after finish(). Mode 0600.
class WriteFile {
 public:
  explicit WriteFile(std::filesystem::path path);
  void write(std::span<const std::byte> bytes);
  void write(std::string_view text);
  void write_at(std::uint64_t offset, std::span<const std::byte> bytes);
  std::uint64_t position() const noexcept { return position_; }
  const std::filesystem::path& path() const noexcept { return path_; }
  void finish();  // fsync and close
  void close();   // without fsync: for whoever syncs many files at once, later

 private:
  std::filesystem::path path_;
  UniqueFd fd_;
  std::uint64_t position_ = 0;
};

// A file that exists under `target` only after publish() has returned: written aside, synced,
// renamed, folder synced. Before publish() the target is untouched and the destructor removes what
// was written.
class PendingFile {
 public:
  explicit PendingFile(std::filesystem::path target);
  ~PendingFile();
  PendingFile(const PendingFile&) = delete;
  PendingFile& operator=(const PendingFile&) = delete;

  void write(std::string_view text) { file_.write(text); }
  void publish();

 private:
  std::filesystem::path target_;
  WriteFile file_;
  bool published_ = false;
};

std::string read_text(const std::filesystem::path& path, std::uint64_t max_bytes = 256U << 20U);
void publish_text(const std::filesystem::path& target, std::string_view text);
void sync_directory(const std::filesystem::path& directory);
// Makes `link` point to `target` by rename, so that it always exists.
void publish_symlink(const std::filesystem::path& link, const std::filesystem::path& target);
std::uint64_t free_space(
    const std::filesystem::path& path);  // bytes an ordinary user may still write

// An own folder (mode 0700) below `parent`, removed with all it holds unless kept.
class TempDir {
 public:
  explicit TempDir(std::string_view prefix, const std::filesystem::path& parent = default_parent());
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }
  void keep() noexcept { keep_ = true; }
  static std::filesystem::path default_parent();

 private:
  std::filesystem::path path_;
  bool keep_ = false;
};

}  // namespace util
