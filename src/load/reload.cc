// How rows are replaced without anything noticing: what would fire or refuse is taken away first.
// Definitions that go come back from the archive, whose contents are those of the source; the
// copy's own deparse is not used.
#include "load/reload.h"

#include <algorithm>
#include <set>

#include "archive/entry_sql.h"
#include "load/copy_statement.h"
#include "load/data.h"
#include "load/restorer.h"
#include "load/row_stream.h"
#include "load/sql_load.h"
#include "load/sql_reload.h"
#include "pg/session.h"
#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace load {
namespace {

using archive::TocEntry;
using util::cat;
using Entries = std::vector<const TocEntry*>;

class Replacement {
 public:
  Replacement(const archive::Reader& archive, const ReloadOptions& options,
              util::Reporter& reporter, std::stop_token stop)
      : archive_(archive),
        options_(options),
        load_{.target = options.target, .application_name = options.application_name},
        tally_(reporter, options.total_bytes),
        restorer_({.toc = archive.toc(), .options = load_, .tally = tally_}, std::move(stop)) {
    for (const TocEntry& entry : archive.toc().entries) sort(entry);
  }

  Reloaded run() {
    if (!data_.empty()) replace_rows();
    for (const TocEntry* entry : positions_) restorer_.one(*entry);
    if (options_.large_objects) replace_large_objects();
    bring_back();
    restorer_.last_pass(views_);
    for (const TocEntry* entry : data_) restorer_.execute(analyze_statement(*entry));
    pg::flush_commits(restorer_.connection());
    Report report;
    tally_.write_to(report);
    return {.rows = report.rows, .warnings = std::move(report.warnings)};
  }

 private:
  void sort(const TocEntry& entry) {
    if (entry.desc == "TABLE DATA") data_.push_back(&entry);
    if (entry.desc == "SEQUENCE SET") positions_.push_back(&entry);
    if (entry.desc == "MATERIALIZED VIEW DATA") views_.push_back(&entry);
  }

  pg::QualifiedName table_of(const TocEntry& entry) const {
    return {entry.schema.value_or(""), entry.tag};
  }

  // One transaction: the switches are back when it ends, whatever happens.
  void replace_rows() {
    std::vector<pg::QualifiedName> tables;
    for (const TocEntry* entry : data_) tables.push_back(table_of(*entry));
    pg::Connection& connection = restorer_.connection();
    const pg::Transaction::Mode mode = pg::Transaction::Mode::ReadWrite;
    pg::Transaction transaction(connection, mode);
    const std::vector<std::uint32_t> oids = sql::with_ancestors(connection, tables);
    const std::vector<sql::Switch> switches = sql::switches(connection, oids);
    for (const sql::Switch& one : switches) restorer_.execute(one.off);
    drop_keys(oids);
    drop_indexes(oids);
    empty(tables);
    for (const TocEntry* entry : data_) fill(*entry);
    for (auto one = switches.rbegin(); one != switches.rend(); ++one) restorer_.execute(one->on);
    transaction.commit();
  }

  // The entry that makes it again. Without one it must not be dropped.
  const TocEntry& maker(std::string_view desc, const std::string& schema, const std::string& tag) {
    for (const TocEntry& entry : archive_.toc().entries) {
      if (entry.desc == desc && entry.tag == tag && entry.schema.value_or("") == schema)
        return entry;
    }
    throw util::Error(util::Kind::Query,
                      cat("the archive has no ", util::lower(desc), " ",
                          pg::QualifiedName{schema, tag}.display(), ", which the copy has"));
  }

  void drop_keys(const std::vector<std::uint32_t>& oids) {
    for (const sql::Key& key : sql::foreign_keys(restorer_.connection(), oids)) {
      const TocEntry& entry =
          maker("FK CONSTRAINT", key.table.schema, cat(key.table.name, " ", key.name));
      restorer_.execute(
          cat("ALTER TABLE ", key.table.quoted(), " DROP CONSTRAINT ", pg::quote_ident(key.name)));
      dropped_.insert(entry.dump_id);
    }
  }

  void drop_indexes(const std::vector<std::uint32_t>& oids) {
    for (const pg::QualifiedName& index : sql::plain_indexes(restorer_.connection(), oids)) {
      const TocEntry& entry = maker("INDEX", index.schema, index.name);
      restorer_.execute(cat("DROP INDEX ", index.quoted()));
      dropped_.insert(entry.dump_id);
    }
  }

  void empty(const std::vector<pg::QualifiedName>& tables) {
    std::vector<pg::QualifiedName> whole;
    for (const pg::QualifiedName& table : tables) {
      const auto part = options_.configuration.find(table);
      if (part == options_.configuration.end()) {
        whole.push_back(table);
      } else {
        restorer_.execute(sql::delete_rows(table, part->second));
      }
    }
    if (!whole.empty()) restorer_.execute(sql::truncate(whole));
  }

  void fill(const TocEntry& entry) {
    const std::optional<archive::CopyStatement> copy = archive::parse_copy(entry.copy.value_or(""));
    if (!copy) throw util::Error(util::Kind::Bug, cat(display(entry), " holds no COPY data"));
    RowStream rows(archive_, entry);
    std::vector<std::byte> piece;
    const pg::CopySource source = [&]() -> std::span<const std::byte> {
      util::throw_if_stopped(restorer_.stop());
      piece = rows.next(this);
      tally_.add_bytes(piece.size());
      return piece;
    };
    try {
      tally_.add_rows(restorer_.connection().copy_in(copy_sql(*copy, Freeze::No), source));
    } catch (const util::Error& failure) {
      rows.cut();
      throw restorer_.failed(entry, failure);
    }
    tally_.keep_warnings(restorer_.connection());
  }

  void replace_large_objects() {
    while (sql::unlink_some(restorer_.connection()) > 0) util::throw_if_stopped(restorer_.stop());
    Entries makers, about;
    const TocEntry* content = nullptr;
    for (const TocEntry& entry : archive_.toc().entries) {
      if (!archive::is_large_object_related(entry)) continue;
      if (entry.desc == "BLOBS") {
        content = &entry;
      } else {
        (entry.desc.starts_with("BLOB") ? makers : about).push_back(&entry);
      }
    }
    restorer_.all(makers);
    if (content != nullptr) {
      DataLoader loader(archive_);
      loader.load(restorer_, {.entry = content});
    }
    restorer_.all(about);
  }

  // In the order of the archive, with what is said about them.
  void bring_back() {
    for (const TocEntry& entry : archive_.toc().entries) {
      const bool about = entry.desc == "COMMENT" &&
                         std::any_of(entry.dependencies.begin(), entry.dependencies.end(),
                                     [&](int id) { return dropped_.contains(id); });
      if (about || dropped_.contains(entry.dump_id)) restorer_.one(entry);
    }
  }

  const archive::Reader& archive_;
  const ReloadOptions& options_;
  const Options load_;
  Tally tally_;
  Restorer restorer_;
  Entries data_, positions_, views_;
  std::set<int> dropped_;  // keys and indexes, by their entries
};

}  // namespace

Reloaded reload(const archive::Reader& archive, const ReloadOptions& options,
                util::Reporter& reporter, std::stop_token stop) {
  return Replacement(archive, options, reporter, std::move(stop)).run();
}

}  // namespace load
