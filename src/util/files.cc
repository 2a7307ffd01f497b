#include "util/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "util/fault.h"
#include "util/text.h"

namespace util {

std::string errno_text(int code) { return std::generic_category().message(code); }

Error io_error(std::string_view doing, const std::filesystem::path& path, int code) {
  const std::string message =
      cat("cannot ", doing, " ", printable(path.string()), ": ", errno_text(code));
  if (code == ENOSPC || code == EDQUOT) {
    return {Kind::Space,
            message,
            {.hint = "Free space there, or choose another place with --dir.", .sqlstate = {}}};
  }
  if (code == EACCES || code == EPERM || code == EROFS) {
    return {Kind::Io,
            message,
            {.hint = "Give this user write permission there, or choose another place with --dir.",
             .sqlstate = {}}};
  }
  return {Kind::Io, message};
}

UniqueFd& UniqueFd::operator=(UniqueFd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int UniqueFd::release() noexcept { return std::exchange(fd_, -1); }

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) ::close(release());
}

void UniqueFd::close(const std::filesystem::path& path) {
  if (fd_ >= 0 && ::close(release()) != 0) throw io_error("close", path, errno);
}

ReadFile::ReadFile(std::filesystem::path path)
    : path_(std::move(path)), fd_(::open(path_.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status {};
  if (!fd_ || ::fstat(fd_.get(), &status) != 0) throw io_error("open", path_, errno);
  if (!S_ISREG(status.st_mode))
    throw Error(Kind::Io, cat(printable(path_.string()), " is not a regular file"));
  size_ = static_cast<std::uint64_t>(status.st_size);
}

std::size_t ReadFile::read_some(std::uint64_t offset, std::span<std::byte> out) const {
  std::size_t done = 0;
  while (done < out.size()) {
    const ssize_t got =
        ::pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw io_error("read", path_, errno);
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void ReadFile::read_at(std::uint64_t offset, std::span<std::byte> out) const {
  const std::size_t got = read_some(offset, out);
  if (got != out.size()) {
    throw Error(Kind::Damage, cat(printable(path_.string()), " ends at byte ", offset + got, ", ",
                                  out.size() - got, " bytes before what is recorded"));
  }
}

WriteFile::WriteFile(std::filesystem::path path)
    : path_(std::move(path)),
      fd_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) {
  if (!fd_) throw io_error("create", path_, errno);
}

void WriteFile::write(std::span<const std::byte> bytes) {
  write_at(position_, bytes);
  position_ += bytes.size();
}

void WriteFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

void WriteFile::write_at(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done,
                                 static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) throw io_error("write", path_, errno);
    done += static_cast<std::size_t>(put);
  }
}

void WriteFile::finish() {
  if (::fsync(fd_.get()) != 0) throw io_error("fsync", path_, errno);
  fd_.close(path_);
}

void WriteFile::close() { fd_.close(path_); }

namespace {
std::filesystem::path temporary_name(const std::filesystem::path& target) {
  static std::atomic<unsigned> counter{0};
  return target.parent_path() /
         cat(".", target.filename().string(), ".", ::getpid(), ".", counter++, ".tmp");
}
}  // namespace

PendingFile::PendingFile(std::filesystem::path target)
    : target_(std::move(target)), file_(temporary_name(target_)) {}

PendingFile::~PendingFile() {
  std::error_code ignored;
  if (!published_) std::filesystem::remove(file_.path(), ignored);
}

void PendingFile::publish() {
  file_.finish();
  fault::point("pending_file.before_rename");
  if (::rename(file_.path().c_str(), target_.c_str()) != 0)
    throw io_error("rename to", target_, errno);
  published_ = true;
  sync_directory(target_.parent_path());
}

std::string read_text(const std::filesystem::path& path, std::uint64_t max_bytes) {
  const ReadFile file(path);
  if (file.size() > max_bytes) {
    throw Error(Kind::Damage, cat(printable(path.string()), " has ", file.size(),
                                  " bytes, more than the ", max_bytes, " that it can have"));
  }
  std::string text(file.size(), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(text)));
  return text;
}

void publish_text(const std::filesystem::path& target, std::string_view text) {
  PendingFile file(target);
  file.write(text);
  file.publish();
}

void sync_directory(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory.empty() ? "." : directory;
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) throw io_error("fsync", path, errno);
}

void publish_symlink(const std::filesystem::path& link, const std::filesystem::path& target) {
  const std::filesystem::path aside = temporary_name(link);
  if (::symlink(target.c_str(), aside.c_str()) != 0) throw io_error("link", aside, errno);
  if (::rename(aside.c_str(), link.c_str()) != 0) {
    const int code = errno;
    ::unlink(aside.c_str());
    throw io_error("rename to", link, code);
  }
  sync_directory(link.parent_path());
}

std::uint64_t free_space(const std::filesystem::path& path) {
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0)
    throw io_error("ask for the free space of", path, errno);
  return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
}

TempDir::TempDir(std::string_view prefix, const std::filesystem::path& parent) {
  std::string name = (parent / cat(prefix, "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr)
    throw io_error("create a temporary folder in", parent, errno);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  if (!keep_) std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path TempDir::default_parent() {
  std::error_code ignored;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(ignored);
  return parent.empty() ? "/tmp" : parent;
}

}  // namespace util
