#include "migrate/history.h"

#include <algorithm>
#include <span>

#include "migrate/sql_history.h"
#include "util/error.h"
#include "util/text.h"

namespace migrate {
namespace {

using util::cat;

// Bytes, because the session's encoding is not ours to choose.
std::string as_bytea(std::string_view text) {
  return cat("\\x", util::hex(std::as_bytes(std::span(text))));
}

// Line ends are told apart by nobody: a checkout on another system changes them.
std::string content_as_bytea(const File& file) {
  return as_bytea(util::replace_all(file.text, "\r\n", "\n"));
}

std::string sha256_of(pg::Connection& connection, const File& file) {
  return connection.query(sql::sha256(), {content_as_bytea(file)}).str(0, 0);
}

bool history_exists(pg::Connection& connection) {
  return connection.query(sql::history_exists()).boolean(0, 0);
}

[[noreturn]] void refuse_changed(const File& file, const Applied& applied,
                                 const std::string& sha256) {
  throw util::Error(
      util::Kind::Usage,
      cat("migration file ", util::printable(file.name), " was changed after it had been applied (",
          applied.applied_at, "): sha256 ", applied.sha256, " then, ", sha256, " now"),
      {.hint = "Put its old content back, and write the change as a new file.", .sqlstate = {}});
}

}  // namespace

std::vector<Applied> history(pg::Connection& connection) {
  std::vector<Applied> out;
  if (!history_exists(connection)) return out;
  const pg::Result rows = connection.query(sql::history());
  for (int row = 0; row < rows.row_count(); ++row) {
    out.push_back({util::unhex(rows.str(row, 0)).value_or(""), rows.str(row, 1), rows.str(row, 2),
                   rows.u64(row, 3), rows.str(row, 4)});
  }
  return out;
}

Pending pending(pg::Connection& connection, std::vector<File> files) {
  Pending out;
  std::vector<Applied> done = history(connection);
  std::sort(done.begin(), done.end(),
            [](const Applied& a, const Applied& b) { return a.name < b.name; });
  const auto by_name = [](const auto& a, const std::string& name) { return a.name < name; };
  std::string last_applied;
  for (File& file : files) {
    const auto found = std::lower_bound(done.begin(), done.end(), file.name, by_name);
    if (found == done.end() || found->name != file.name) {
      out.files.push_back(std::move(file));
      continue;
    }
    const std::string sha256 = sha256_of(connection, file);
    if (sha256 != found->sha256) refuse_changed(file, *found, sha256);
    last_applied = file.name;
    done.erase(found);  // what is left at the end has no file
  }
  for (const File& file : out.files) {
    if (file.name > last_applied) break;
    out.warnings.push_back(cat("migration file ", util::printable(file.name),
                               " is pending, although ", util::printable(last_applied),
                               ", which comes behind it, was applied"));
  }
  for (const Applied& gone : done) {
    out.warnings.push_back(cat("migration file ", util::printable(gone.name), " was applied (",
                               gone.applied_at, ") and is not there any more"));
  }
  return out;
}

void create_history(pg::Connection& connection) {
  if (!history_exists(connection)) connection.execute(sql::create_history());
}

void record_applied(pg::Connection& connection, const File& file, std::uint64_t duration_ms,
                    const std::string& run) {
  connection.query(sql::record_applied(),
                   {as_bytea(file.name), content_as_bytea(file), cat(duration_ms), run});
}

}  // namespace migrate
