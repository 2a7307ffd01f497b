// copy_limit [WORKERS]: reads every row of the database of DATABASE_URL by COPY and throws it away.
//
// The least that any dump through libpq has to do: the same chunks, sessions and settings as the
// dump, and nothing done with the bytes. Prints rows and bytes.
#include <atomic>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/session.h"
#include "scan/table.h"
#include "util/workers.h"

namespace {

struct Chunk {
  const scan::Table* table;
  scan::PageRange range;
};

struct Totals {
  std::atomic<std::uint64_t> rows = 0;
  std::atomic<std::uint64_t> bytes = 0;
};

pg::Connection connect(const pg::ConnInfo& source) {
  pg::Connection connection = pg::Connection::open(source, "copy_limit");
  pg::pin_settings(connection, pg::database_encoding(connection));
  return connection;
}

std::vector<Chunk> chunks_of(const std::vector<scan::Table>& tables, int server_major) {
  std::vector<Chunk> chunks;
  for (const scan::Table& table : tables) {
    for (const scan::PageRange& range : scan::cut(table, server_major))
      chunks.push_back({&table, range});
  }
  return chunks;
}

void read(const pg::ConnInfo& source, const std::vector<Chunk>& chunks,
          std::atomic<std::size_t>& next, Totals& totals) {
  pg::Connection connection = connect(source);
  for (std::size_t number = next++; number < chunks.size(); number = next++) {
    const scan::Table& table = *chunks[number].table;
    std::uint64_t bytes = 0;
    totals.rows += connection.copy_out(
        scan::copy_out_statement(table.name, table.columns, table.filter, chunks[number].range),
        [&bytes](std::span<const std::byte> row) { bytes += row.size(); });
    totals.bytes += bytes;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const char* const url = std::getenv("DATABASE_URL");  // NOLINT: nobody changes the environment
    const pg::ConnInfo source = pg::ConnInfo::parse(url == nullptr ? "" : url);
    pg::Connection first = connect(source);
    const std::vector<scan::Table> tables = scan::list_tables(first);
    const std::vector<Chunk> chunks = chunks_of(tables, first.server_major());
    std::atomic<std::size_t> next = 0;
    Totals totals;
    util::run_workers(
        argc > 1 ? std::stoul(argv[1]) : 2, {},
        [&](std::size_t, const std::stop_token&) { read(source, chunks, next, totals); });
    std::cout << totals.rows << " rows, " << totals.bytes << " bytes\n";
    return 0;
  } catch (const std::exception& failure) {
    std::cerr << "copy_limit: " << failure.what() << '\n';
    return 1;
  }
}
