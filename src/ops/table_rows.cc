#include "ops/table_rows.h"

#include <algorithm>
#include <map>
#include <span>

#include "archive/identifiers.h"
#include "load/row_stream.h"
#include "scan/table.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace ops {
namespace {

using util::cat;

constexpr std::uint64_t kTellEvery = 8U << 20U;  // bytes

pg::QualifiedName own_table(const archive::TocEntry& data) {
  return {data.schema.value_or(""), data.tag};
}

struct Sum {
  codec::Fingerprint expected, found;
};

}  // namespace

// Rows of a partition may have to go through a partitioned table, if that is there.
pg::QualifiedName TableRows::loaded_into(const archive::TocEntry& data) const {
  const archive::CopyStatement copy = *archive::parse_copy(data.copy.value_or(""));
  pg::QualifiedName named{copy.schema, copy.table};
  for (const archive::TocEntry* const table : set_.all_tables()) {
    if (table->schema == named.schema && table->tag == named.name) return named;
  }
  return own_table(data);
}

std::uint64_t TableRows::load(const archive::TocEntry& data, const Place& place,
                              load::Freeze freeze, const std::stop_token& stop) {
  archive::CopyStatement copy = *archive::parse_copy(data.copy.value_or(""));
  const pg::QualifiedName named = loaded_into(data);
  const pg::QualifiedName target = place(named);
  if (named != own_table(data)) freeze = load::Freeze::No;  // a partitioned table takes none
  copy.schema = target.schema;
  copy.table = target.name;
  load::RowStream rows(archive_, data);
  std::vector<std::byte> piece;
  try {
    return connection_.copy_in(load::copy_sql(copy, freeze), [&]() -> std::span<const std::byte> {
      util::throw_if_stopped(stop);
      piece = rows.next(this);
      const std::uint64_t before = bytes_;
      bytes_ += piece.size();
      if (before / kTellEvery != bytes_ / kTellEvery) reporter_.progress("restore", bytes_, 0);
      return piece;
    });
  } catch (...) {
    rows.cut();
    throw;
  }
}

void TableRows::compare(const TableSet::Table& table, const Place& place,
                        std::vector<std::string>& notes) {
  // Rows that went through a partitioned table may be in another partition now: only the sum of all
  // that did is what it was.
  std::map<pg::QualifiedName, Sum> sums;
  for (const archive::TocEntry* const data : table.data) {
    const archive::TableRecord* const record = set_.record(*data);
    if (record == nullptr) return;
    const pg::QualifiedName now = place(own_table(*data));
    Sum& sum = sums[loaded_into(*data)];
    sum.expected += record->fingerprint;
    sum.found += scan::fingerprint(connection_, now, record->columns, record->filter, {});
    if (record->generated_columns.empty()) continue;
    const codec::Fingerprint generated =
        scan::fingerprint_by_query(connection_, now, record->generated_columns, record->filter);
    if (generated == record->generated) continue;
    notes.push_back(cat("generated columns of ", own_table(*data).display(),
                        " have other values than in the backup: what computes them has changed"));
  }
  for (const auto& [name, sum] : sums) {
    if (sum.found == sum.expected) continue;
    throw util::Error(
        util::Kind::Proof,
        cat("the restored rows of ", name.display(),
            " are not those of the backup: ", util::show_count(sum.found.rows),
            " with fingerprint ", sum.found.value(), ", the backup has ",
            util::show_count(sum.expected.rows), " with ", sum.expected.value()),
        {.hint = "Nothing was changed. Restore the whole backup under a new name (--to NEWNAME) "
                 "and compare.",
         .sqlstate = {}});
  }
}

}  // namespace ops
