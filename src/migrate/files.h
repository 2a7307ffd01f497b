// Migration files: `*.sql` of one folder in the byte order of their names, read and judged before
// anything runs.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "migrate/statements.h"

namespace migrate {

struct File {
  std::string name;  // within the folder
  std::filesystem::path path;
  std::string text;                   // as it is on disk, without a byte order mark
  bool in_transaction = true;         // no "-- pgbelay: no-transaction" in its first lines
  std::vector<Statement> statements;  // at least one
};

// Kind::Usage naming the file and, where there is one, the line, if the folder cannot be read or a
// file is not UTF-8, is empty, holds what cannot be run here (COPY FROM STDIN, psql commands,
// transaction control in a file that runs in a transaction), is another tool's (its "down" part
// would run too), or if numbers at the start of the names order the files otherwise than their
// bytes do. No file at all is no error.
std::vector<File> read_directory(const std::filesystem::path& directory);

// The same for one file's content; `name` is for messages.
File parse_file(std::string name, std::string text);

}  // namespace migrate
