#include "guard/space.h"

#include <sys/stat.h>

#include <algorithm>

#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;
using util::show_size;

// A copy of the data and WAL of about its size ([T], F9).
constexpr std::uint64_t kCopyFactor = 2;
// Three compressed formats of the rows: never more than the database takes with its indexes, except
// for small ones, whose manifest and files have a size of their own.
constexpr std::uint64_t kSmallBackup = 8U << 20U;

bool reached_without_network(const pg::ConnInfo& database) {
  const std::string host = database.host();
  return host.empty() || host.starts_with('/') || host.starts_with('@') || host == "localhost" ||
         host.starts_with("127.") || host == "::1";
}

std::filesystem::path existing_part(std::filesystem::path path) {
  path = std::filesystem::absolute(path);
  std::error_code ignored;
  while (!std::filesystem::exists(path, ignored) && path.has_parent_path() &&
         path != path.parent_path()) {
    path = path.parent_path();
  }
  return path;
}

std::optional<dev_t> device_of(const std::filesystem::path& path) {
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) return std::nullopt;
  return facts.st_dev;
}

Line room(std::string_view where, std::uint64_t needed, std::uint64_t free) {
  Line line;
  line.subject = "space";
  line.kind = util::Kind::Space;
  line.text = cat(show_size(needed), " needed, ", show_size(free), " free ", where);
  if (needed > free) {
    line.verdict = Verdict::Fail;
    line.remedy = cat("Make room for ", show_size(needed - free), " more ", where, ".");
  }
  return line;
}

}  // namespace

std::optional<std::filesystem::path> local_server_folder(const pg::ConnInfo& database,
                                                         const ServerFolder& folder) {
  if (!reached_without_network(database) || folder.data_directory.empty() || !folder.changed_at)
    return std::nullopt;
  struct stat facts {};
  if (::stat(folder.data_directory.c_str(), &facts) != 0) return std::nullopt;
  if (facts.st_ctim.tv_sec != *folder.changed_at)
    return std::nullopt;  // a container's, under the same name
  return folder.tablespace.empty() ? folder.data_directory : folder.tablespace;
}

std::optional<std::uint64_t> server_room(const SpaceQuestion& question) {
  std::uint64_t needed = question.needs_copy ? kCopyFactor * question.database_bytes : 0;
  std::uint64_t free = 0;
  if (question.server_free) {
    free = *question.server_free;
  } else if (question.server_folder) {
    free = util::free_space(*question.server_folder);
    if (device_of(existing_part(question.dir)) == device_of(*question.server_folder))
      needed += question.database_bytes + kSmallBackup;
  } else {
    return std::nullopt;
  }
  return free > needed ? free - needed : 0;
}

std::vector<Line> space_lines(const SpaceQuestion& question) {
  const std::uint64_t backup = question.database_bytes + kSmallBackup;
  const std::uint64_t copy = question.needs_copy ? kCopyFactor * question.database_bytes : 0;
  const std::filesystem::path here = existing_part(question.dir);
  const std::uint64_t free_here = util::free_space(here);
  std::vector<Line> lines;
  if (!question.needs_copy) return {room("here", backup, free_here)};

  if (question.server_free) {
    lines.push_back(room("here", backup, free_here));
    lines.push_back(room("on the server, as stated", copy, *question.server_free));
  } else if (question.server_folder) {
    const std::uint64_t free_there = util::free_space(*question.server_folder);
    if (device_of(here) == device_of(*question.server_folder)) {
      lines.push_back(room("on the disk of server and backups", backup + copy,
                           std::min(free_here, free_there)));
    } else {
      lines.push_back(room("here", backup, free_here));
      lines.push_back(room("on the server", copy, free_there));
    }
  } else {
    lines.push_back(room("here", backup, free_here));
    lines.push_back(
        {.verdict = Verdict::Fail,
         .subject = "space",
         .text = cat("free space of the server is not known; ", show_size(copy),
                     " are needed there for the copy and its WAL"),
         .remedy = cat("Look on the server (df) and say it with --server-free SIZE, for instance "
                       "--server-free 100GB."),
         .kind = util::Kind::Space});
  }
  return lines;
}

}  // namespace guard
