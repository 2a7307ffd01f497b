// Rows out of an archive, without a server: found, filtered and written in parallel, given in the
// order in which they stand there.
//
// Guarantees: the same output for any number of threads. What cannot be read is left out, listed in
// the report, and never given half. Memory: some pieces (4 MiB of rows each) per thread, or the
// largest row. Failure: Kind::Usage before anything is given; Kind::Damage where not even the
// contents can be read and no manifest says where the rows are; what the sink throws.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "archive/manifest.h"

namespace extract {

enum class Format { Csv, Sql, Json };
enum class Upsert { No, Yes };  // Sql only: INSERT … ON CONFLICT on the primary key DO UPDATE

// What is wanted, as it stands on the command line.
struct Query {
  std::string table;                   // a pattern: extract/pattern.h
  std::vector<std::string> where;      // column=value, all of them hold: extract/filter.h
  std::string grep;                    // an expression; empty: none
  std::vector<std::string> columns;    // lists of names; empty: all
  std::optional<std::uint64_t> limit;  // rows of each table
  Format format = Format::Csv;
  Upsert upsert = Upsert::No;
};

struct Source {
  std::filesystem::path archive;
  // Of the backup that it belongs to, or the tables of the archive's own index; without one the
  // archive is read as one stream per table.
  const archive::Manifest* manifest = nullptr;
  std::filesystem::path sql;          // the same rows once more, read where the archive is damaged
  std::filesystem::path folder = {};  // of CSV files, read where both are; empty: there are none
};

struct Options {
  Source source;
  Query query;
  std::filesystem::path folder;  // one file for each table instead of the sink; empty: the sink
  std::size_t jobs = 0;          // 0: as many as cores, at most 8
};

// Rows that cannot be read.
struct Loss {
  std::string table;
  std::optional<std::uint64_t> piece;
  std::optional<std::uint64_t> rows;  // how many
  std::string text;
};

struct Report {
  std::uint64_t tables = 0, rows = 0;
  std::vector<Loss> lost;
  std::vector<std::string> notes;  // what was damaged and could be read from elsewhere
};

using Sink = std::function<void(std::string_view)>;
Report run(const Options& options, const Sink& out, std::stop_token stop);

}  // namespace extract
