#include "migrate/files.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <system_error>

#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace migrate {
namespace {

using util::cat;
using util::Error;
using util::Kind;

Error refused(std::string_view file, std::string_view what, std::string hint = {}) {
  return {Kind::Usage,
          cat("migration file ", util::printable(file), ": ", what),
          {.hint = std::move(hint), .sqlstate = {}}};
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

void require_text(std::string_view name, std::string_view text) {
  std::size_t number = 1;
  for (const std::string_view line : util::split(text, '\n')) {
    if (!util::is_utf8(line)) {
      throw refused(name, cat("line ", number, " is not UTF-8"), "Save the file as UTF-8.");
    }
    if (line.find('\0') != std::string_view::npos)
      throw refused(name, cat("line ", number, " holds a zero byte"));
    ++number;
  }
}

// The text of a line that is nothing but a "--" comment.
std::optional<std::string_view> comment_of(std::string_view line) {
  line = util::trim(line);
  if (!starts_with(line, "--")) return std::nullopt;
  return util::trim(line.substr(2));
}

// Markers of tools that keep the way back in the same file: run as a whole it would be done and
// undone at once.
struct ForeignMarker {
  std::string_view text, tool;
};
constexpr std::array kForeignMarkers{
    ForeignMarker{"migrate:down", "dbmate"},
    ForeignMarker{"+goose down", "goose"},
    ForeignMarker{"+migrate down", "sql-migrate"},
    ForeignMarker{"down migration", "node-pg-migrate"},
    ForeignMarker{"--- !downs", "Play evolutions"},
    ForeignMarker{"//@undo", "MyBatis Migrations"},
};

void refuse_foreign_markers(std::string_view name, std::string_view text) {
  std::size_t number = 0;
  for (const std::string_view line : util::split(text, '\n')) {
    ++number;
    const std::optional<std::string_view> comment = comment_of(line);
    if (!comment) continue;
    const std::string words = util::lower(*comment);
    for (const ForeignMarker& marker : kForeignMarkers) {
      if (!starts_with(words, marker.text) && !starts_with(words, cat("# ", marker.text))) continue;
      throw refused(
          name,
          cat("line ", number, " is a marker of ", marker.tool,
              ", whose files hold the way back too"),
          cat("Run it with its own tool: pgbelay migrate -- ", util::lower(marker.tool), " …"));
    }
  }
}

// Reads "-- pgbelay: WORD" of the lines before the first statement.
void read_directives(File& file) {
  for (const std::string_view line : util::split(file.text, '\n')) {
    if (util::trim(line).empty()) continue;
    const std::optional<std::string_view> comment = comment_of(line);
    if (!comment) return;
    constexpr std::string_view kMark = "pgbelay:";
    if (!starts_with(util::lower(*comment), kMark)) continue;
    const std::string word = util::lower(util::trim(comment->substr(kMark.size())));
    if (word != "no-transaction") {
      throw refused(file.name, cat("unknown directive \"pgbelay: ", util::printable(word), "\""),
                    "The only one is: -- pgbelay: no-transaction");
    }
    file.in_transaction = false;
  }
}

bool is_transaction_control(const Statement& statement) {
  const std::vector<Token> words = tokens(statement.text);
  const auto word = [&](std::size_t n) -> std::string_view {
    return n < words.size() && words[n].kind == TokenKind::Word ? std::string_view(words[n].text)
                                                                : std::string_view();
  };
  const std::string_view first = word(0);
  if (first == "rollback") {  // ROLLBACK [WORK | TRANSACTION] TO is about a savepoint
    return word(1) != "to" && word(2) != "to";
  }
  if (first == "prepare") return word(1) == "transaction";
  return first == "begin" || first == "start" || first == "commit" || first == "end" ||
         first == "abort";
}

void refuse_transaction_control(const File& file) {
  for (const Statement& statement : file.statements) {
    if (!is_transaction_control(statement)) continue;
    throw refused(
        file.name,
        cat("line ", statement.line, ": ", util::printable(util::cut_utf8(statement.text, 40)),
            " inside the file's own transaction"),
        "Each file runs in one transaction: remove the statement, or put \"-- pgbelay: "
        "no-transaction\" "
        "in the first lines.");
  }
}

// Files that other tools keep beside the way forward and that must never run with it.
void refuse_way_back(const std::string& name) {
  const std::string folded = util::lower(name);
  constexpr std::array<std::string_view, 2> kEnds{".down.sql", ".undo.sql"};
  for (const std::string_view end : kEnds) {
    if (folded.size() > end.size() && folded.substr(folded.size() - end.size()) == end) {
      throw refused(
          name, cat("is a way back (", end, "), which must not run with the way forward"),
          "Run the folder with its own tool (pgbelay migrate -- …), or keep such files elsewhere.");
    }
  }
}

// The digits at the start of a name, a "V" before them left out; nothing if there are none.
std::optional<std::string_view> leading_number(std::string_view name) {
  if (starts_with(name, "V") || starts_with(name, "v")) name.remove_prefix(1);
  const std::size_t end = std::min(name.find_first_not_of("0123456789"), name.size());
  std::string_view digits = name.substr(0, end);
  if (digits.empty()) return std::nullopt;
  digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size() - 1));
  return digits;
}

void require_numbers_in_order(const std::vector<std::string>& names) {
  for (std::size_t n = 1; n < names.size(); ++n) {
    const auto before = leading_number(names[n - 1]);
    const auto after = leading_number(names[n]);
    if (!before || !after) continue;
    const bool larger =
        before->size() != after->size() ? before->size() > after->size() : *before > *after;
    if (larger) {
      throw refused(names[n],
                    cat("comes behind ", util::printable(names[n - 1]),
                        " in the order of names, but before it by its number"),
                    "Give all numbers the same width: 0002_…, 0010_…");
    }
  }
}

std::vector<std::string> list_names(const std::filesystem::path& directory) {
  std::error_code failure;
  std::filesystem::directory_iterator entries(directory, failure);
  if (failure) {
    throw Error(Kind::Usage,
                cat("cannot read the migrations in ", util::printable(directory.string()), ": ",
                    failure.message()),
                {.hint = "Name a folder with *.sql files.", .sqlstate = {}});
  }
  std::vector<std::string> names;
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() == ".sql" && name.front() != '.' &&
        entry.is_regular_file(failure)) {
      names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read(const std::string& name, const std::filesystem::path& path) {
  try {
    return util::read_text(path);
  } catch (const Error& error) {
    throw refused(name, error.message());
  }
}

}  // namespace

File parse_file(std::string name, std::string text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (starts_with(text, kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  File file{.name = std::move(name), .path = {}, .text = std::move(text), .statements = {}};
  require_text(file.name, file.text);
  if (util::trim(file.text).empty()) throw refused(file.name, "is empty");
  refuse_foreign_markers(file.name, file.text);
  read_directives(file);
  try {
    file.statements = split_statements(file.text);
  } catch (const Error& error) {
    throw refused(file.name, error.message(), error.hint());
  }
  if (file.statements.empty()) throw refused(file.name, "holds no statement, only comments");
  if (file.in_transaction) refuse_transaction_control(file);
  return file;
}

std::vector<File> read_directory(const std::filesystem::path& directory) {
  const std::vector<std::string> names = list_names(directory);
  std::for_each(names.begin(), names.end(), refuse_way_back);
  require_numbers_in_order(names);
  std::vector<File> files;
  for (const std::string& name : names) {
    const std::filesystem::path path = directory / name;
    files.push_back(parse_file(name, read(name, path)));
    files.back().path = path;
  }
  return files;
}

}  // namespace migrate
