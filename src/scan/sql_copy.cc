// How rows are asked for: cutting a table by TID ranges, and the COPY statements.
#include "scan/table.h"
#include "util/text.h"

namespace scan {
namespace {

constexpr std::uint64_t kPageBytes =
    8192;  // BLCKSZ of every common build; another only shifts the cuts

std::string column_list(const std::vector<std::string>& columns) {
  std::string list;
  for (const std::string& column : columns) {
    if (!list.empty()) list += ", ";
    list += pg::quote_ident(column);
  }
  return list;
}

std::string tid(std::uint64_t page) { return util::cat("'(", page, ",0)'::pg_catalog.tid"); }

std::string range_condition(const PageRange& range) {
  std::string condition;
  if (range.first) condition = util::cat(" WHERE ctid >= ", tid(*range.first));
  if (range.end)
    condition += util::cat(condition.empty() ? " WHERE" : " AND", " ctid < ", tid(*range.end));
  return condition;
}

}  // namespace

std::vector<PageRange> cut(const Table& table, int server_major) {
  const std::uint64_t pages = table.bytes / kPageBytes;
  const bool whole =
      server_major < 14 || !table.heap || !table.filter.empty() || table.columns.empty();
  if (whole || pages <= kChunkPages) return {PageRange{}};
  std::vector<PageRange> ranges;
  for (std::uint64_t first = 0; first < pages; first += kChunkPages) {
    PageRange range;
    if (first > 0) range.first = first;
    if (first + kChunkPages < pages) range.end = first + kChunkPages;
    ranges.push_back(range);
  }
  return ranges;
}

bool tid_range_scan_works(pg::Connection& connection, const Table& table) {
  const PageRange probe{.first = 0, .end = 1};
  const pg::Result plan =
      connection.query(util::cat("EXPLAIN (FORMAT JSON) SELECT ", column_list(table.columns),
                                 " FROM ONLY ", table.name.quoted(), range_condition(probe)));
  // A key and a value of the JSON form, which are not translated.
  return plan.row_count() == 1 && plan.str(0, 0).find("\"Tid Range Scan\"") != std::string::npos;
}

std::string copy_out_statement(const pg::QualifiedName& table,
                               const std::vector<std::string>& columns, const std::string& filter,
                               const PageRange& range) {
  const std::string list = column_list(columns);
  if (filter.empty() && !range.first && !range.end) {
    return util::cat("COPY ", table.quoted(), list.empty() ? "" : util::cat(" (", list, ")"),
                     " TO STDOUT");
  }
  // A condition of an extension stands alone: tables with one are not cut.
  return util::cat("COPY (SELECT ", list, " FROM ONLY ", table.quoted(),
                   filter.empty() ? range_condition(range) : filter, ") TO STDOUT");
}

std::vector<PageRange> readable_ranges(pg::Connection& connection, const Table& table) {
  std::vector<PageRange> ranges = cut(table, connection.server_major());
  if (ranges.size() > 1 && !tid_range_scan_works(connection, table)) ranges.assign(1, PageRange{});
  return ranges;
}

}  // namespace scan
