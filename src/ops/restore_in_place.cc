// New rows for a table that stays: its views, keys, privileges, policies, triggers and publications
// remain bound to it, since it is the same table. In one transaction and under its exclusive lock:
// the rows that are there are copied to T__replaced_<key>; keys that point to it are dropped; it is
// emptied and loaded with its triggers off; what was loaded is compared; the keys are made again,
// which checks them.
#include <algorithm>
#include <map>

#include "archive/relocate.h"
#include "load/plan.h"
#include "ops/sql_tables.h"
#include "ops/table_target.h"
#include "swap/swap.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace ops {
namespace {

using archive::TocEntry;
using util::cat;
using util::Error;
using util::Kind;

constexpr std::string_view kPatience = "SET LOCAL lock_timeout = '10s'";  // others queue behind us
constexpr std::size_t kNumberedBytes = 32;  // leaves room for a number and the key
constexpr std::string_view kLockNotAvailable = "55P03";
constexpr std::string_view kForeignKeyViolation = "23503";

[[noreturn]] void refuse(const pg::QualifiedName& table, std::string_view why, std::string hint) {
  throw Error(Kind::Preflight, cat(table.display(), " cannot be replaced in place: ", why),
              {.hint = std::move(hint), .sqlstate = {}});
}

constexpr std::string_view kBeside =
    "Leave --in-place away: the table is then made beside the live one, as T__restored.";

class InPlace {
 public:
  explicit InPlace(const TableTarget& target) : target_(target), connection_(target.connection) {}

  // Looks only. Sets what is there.
  void look() {
    live_.clear();
    if (kept_.empty()) choose_kept_names();
    for (const TableSet::Table& table : target_.set.tables()) {
      if (!sql::schema_exists(connection_, table.name().schema)) {
        refuse(table.name(),
               cat("schema ", util::printable(table.name().schema), " does not exist"),
               cat("Make it first: CREATE SCHEMA ",
                   util::printable(pg::quote_ident(table.name().schema)), ";"));
      }
      live_.push_back(sql::find_table(connection_, table.name()));
      if (live_.back()) check(table, *live_.back());
    }
    keys_ = sql::foreign_keys_to(connection_, oids());
    for (const sql::ForeignKey& key : keys_) check(key);
  }

  std::vector<std::string> plan_lines() {
    std::vector<std::string> lines;
    for (std::size_t n = 0; n < live_.size(); ++n) {
      if (!live_[n]) continue;
      const TableSet::Table& table = target_.set.tables()[n];
      std::uint64_t rows = 0;
      for (const TocEntry* const data : table.data) {
        const archive::TableRecord* const record = target_.set.record(*data);
        rows += record != nullptr ? record->fingerprint.rows : 0;
      }
      lines.push_back(cat("The rows of ", table.name().display(), " will be replaced by the ",
                          util::show_count(rows),
                          " of the backup; those that are there are kept as ", kept_[n].display(),
                          "."));
    }
    if (!lines.empty()) lines.push_back("Nobody can read or write these tables until it is done.");
    return lines;
  }

  void run(TableRestoreResult& result) {
    connection_.execute(kPatience);
    // What is checked at the commit would be in the way of the statements before it.
    connection_.execute("SET CONSTRAINTS ALL IMMEDIATE");
    for (const TableSet::Table& table : target_.set.tables()) {
      if (sql::find_table(connection_, table.name())) lock(table.name());
    }
    look();  // once more: now nothing can change any more
    for (const sql::ForeignKey& key : keys_) lock(key.table);
    connection_.execute("SET LOCAL lock_timeout = 0");
    compare_columns();
    lift_policies();
    keep_rows(result);
    unbind();
    load_live(result);
    make_missing(result);
    bind();
    for (const std::string& view : sql::materialized_views_of(connection_, oids())) {
      result.notes.push_back(
          cat("holds rows of before: REFRESH MATERIALIZED VIEW ", util::printable(view)));
    }
  }

 private:
  std::vector<std::uint32_t> oids() const {
    std::vector<std::uint32_t> out;
    for (const auto& table : live_) {
      if (table) out.push_back(table->oid);
    }
    return out;
  }

  // Two long names may be the same when they are cut: then a number tells them apart.
  void choose_kept_names() {
    for (const TableSet::Table& table : target_.set.tables()) {
      const pg::QualifiedName own = table.name();
      for (int attempt = 1;; ++attempt) {
        const std::string numbered =
            attempt == 1 ? own.name : cat(util::cut_utf8(own.name, kNumberedBytes), "_", attempt);
        pg::QualifiedName kept{own.schema,
                               swap::side_name(numbered, swap::Purpose::Replaced, target_.key)};
        if (std::ranges::count(kept_, kept) > 0 || sql::name_taken(connection_, kept)) continue;
        kept_.push_back(std::move(kept));
        break;
      }
    }
  }

  void check(const TableSet::Table& table, const sql::LiveTable& live) const {
    const pg::QualifiedName name = table.name();
    if (live.kind != 'r' && live.kind != 'p')
      refuse(name, "it is no table there", std::string(kBeside));
    if (!live.ours) {
      refuse(name, cat("it belongs to ", util::printable(live.owner)),
             cat("Connect as ", util::printable(live.owner), " or a member of that role."));
    }
    const std::vector<sql::Leaf> leaves = sql::leaves(connection_, live.oid);
    for (const sql::Leaf& leaf : leaves) {
      if (leaf.kind == 'f')
        refuse(name, cat("partition ", leaf.name.display(), " is a foreign table"),
               std::string(kBeside));
    }
    for (const TocEntry* const data : table.data) {
      const pg::QualifiedName own{data->schema.value_or(""), data->tag};
      const bool there = std::any_of(leaves.begin(), leaves.end(),
                                     [&](const sql::Leaf& leaf) { return leaf.name == own; });
      if (!there)
        refuse(name, cat("the live table has no partition ", own.display()), std::string(kBeside));
    }
  }

  static void check(const sql::ForeignKey& key) {
    if (!key.ours) {
      refuse(key.table,
             cat("its key ", util::printable(key.name),
                 " has to be made again, and the table is not yours"),
             "Connect as a role that owns both tables.");
    }
    if (!key.movable) {
      refuse(key.table,
             cat("its key ", util::printable(key.name),
                 " points to a partitioned table of which only a part is replaced"),
             "Name the partitioned table itself.");
    }
  }

  void lock(const pg::QualifiedName& table) {
    try {
      connection_.execute(cat("LOCK TABLE ", table.quoted(), " IN ACCESS EXCLUSIVE MODE"));
    } catch (const Error& failure) {
      if (failure.sqlstate() != kLockNotAvailable) throw;
      throw Error(Kind::Preflight,
                  cat("others use ", table.display(), " and did not let go within 10 s"),
                  {.hint = cat("See who: SELECT pid, mode FROM pg_locks WHERE relation = '",
                               util::printable(table.quoted()),
                               "'::regclass; end these, then run the command again."),
                   .sqlstate = failure.sqlstate()});
    }
  }

  // The archive's table is made for a moment, so that the server says what its columns are.
  void compare_columns() {
    for (std::size_t n = 0; n < live_.size(); ++n) {
      if (!live_[n]) continue;
      const TableSet::Table& table = target_.set.tables()[n];
      const std::string schema = cat("pgbelay_restore_", target_.key);
      archive::Relocation relocation;
      relocation.add(table.name().schema, table.name().name, schema);
      connection_.execute(cat("CREATE SCHEMA ", pg::quote_ident(schema)));
      target_.restore(relocation.entry(*table.entry));
      const std::vector<std::string> differences =
          sql::column_differences(connection_, {schema, table.name().name}, table.name());
      if (!differences.empty()) {
        refuse(table.name(),
               cat("its columns are not those of the backup: ",
                   util::printable(util::join(differences, "; "))),
               std::string(kBeside));
      }
      connection_.execute(cat("DROP TABLE ", pg::quote_ident(schema), ".",
                              pg::quote_ident(table.name().name), "; DROP SCHEMA ",
                              pg::quote_ident(schema)));
    }
  }

  // Policies that hold for the owner as well would refuse his reading and his COPY.
  void lift_policies() {
    for (std::size_t n = 0; n < live_.size(); ++n) {
      if (!live_[n]) continue;
      if (live_[n]->kind == 'p' && live_[n]->forces_policies)
        forced_.push_back(target_.set.tables()[n].name());
      for (const sql::Leaf& leaf : sql::leaves(connection_, live_[n]->oid)) {
        if (leaf.forces_policies) forced_.push_back(leaf.name);
      }
    }
    for (const pg::QualifiedName& table : forced_)
      connection_.execute(cat("ALTER TABLE ", table.quoted(), " NO FORCE ROW LEVEL SECURITY"));
  }

  void keep_rows(TableRestoreResult& result) {
    for (std::size_t n = 0; n < live_.size(); ++n) {
      const TableSet::Table& table = target_.set.tables()[n];
      result.tables.push_back({.table = table.name(), .restored = table.name(), .kept = {}});
      if (!live_[n]) continue;
      const pg::QualifiedName& kept = kept_[n];
      // Without children that inherit: they keep their rows. A partitioned table is its partitions.
      connection_.execute(cat("CREATE TABLE ", kept.quoted(), " AS SELECT * FROM ",
                              live_[n]->kind == 'p' ? "" : "ONLY ", table.name().quoted()));
      target_.make_private(kept);
      target_.give_to(live_[n]->owner, kept, result.notes);
      connection_.execute(cat("COMMENT ON TABLE ", kept.quoted(), " IS ",
                              pg::quote_literal(cat("rows of ", table.name().display(),
                                                    " that pgbelay restore replaced by those of ",
                                                    target_.options.from.name()))));
      result.tables.back().kept = kept.name;
    }
  }

  void unbind() {
    for (const sql::ForeignKey& key : keys_) {
      connection_.execute(
          cat("ALTER TABLE ", key.table.quoted(), " DROP CONSTRAINT ", pg::quote_ident(key.name)));
    }
    triggers_ = sql::firing_triggers(connection_, oids());
    std::string sql;
    for (const sql::Trigger& trigger : triggers_) sql += sql::disable_trigger(trigger);
    if (!sql.empty()) connection_.execute(sql);
    for (const auto& table : live_) {
      if (!table) continue;
      for (const sql::Leaf& leaf : sql::leaves(connection_, table->oid)) {
        connection_.execute(cat("TRUNCATE TABLE ONLY ", leaf.name.quoted()));
      }
    }
  }

  void load_live(TableRestoreResult& result) {
    for (std::size_t n = 0; n < live_.size(); ++n) {
      if (!live_[n]) continue;
      const TableSet::Table& table = target_.set.tables()[n];
      for (const TocEntry* const data : table.data) result.tables[n].rows += load(*data);
      target_.rows.compare(table, as_named, result.notes);
      advance_sequences(*live_[n], result);
    }
  }

  // Tables that are not there get everything that belongs to them.
  void make_missing(TableRestoreResult& result) {
    std::vector<std::string> names;
    for (std::size_t n = 0; n < live_.size(); ++n) {
      if (!live_[n]) names.push_back(target_.set.tables()[n].name().quoted());
    }
    if (names.empty()) return;
    const TableSet missing(target_.archive.toc(), nullptr, names);
    std::vector<std::string> left_out;
    std::map<int, std::uint64_t> rows;
    for (const TocEntry* const entry : missing.entries(Parts::Whole, left_out)) {
      util::throw_if_stopped(target_.stop);
      if (entry->desc == "TABLE DATA") {
        rows[entry->dump_id] = load(*entry);
        continue;
      }
      target_.restore(*entry);
      const pg::QualifiedName name{entry->schema.value_or(""), entry->tag};
      if (entry->desc == "TABLE") target_.give_to(entry->owner.value_or(""), name, result.notes);
      // What default privileges gave to others is not in the backup, or comes with its grants.
      if (entry->desc == "TABLE" || entry->desc == "SEQUENCE") target_.make_private(name);
    }
    for (std::size_t n = 0; n < live_.size(); ++n) {
      if (live_[n]) continue;
      const TableSet::Table& table = target_.set.tables()[n];
      for (const TocEntry* const data : table.data) result.tables[n].rows += rows[data->dump_id];
      target_.rows.compare(table, as_named, result.notes);
    }
    for (const TocEntry* const key : missing.foreign_keys_of_others())
      result.notes.push_back(cat("not made again, if it is missing: ", load::display(*key)));
  }

  static pg::QualifiedName as_named(const pg::QualifiedName& name) { return name; }

  std::uint64_t load(const TocEntry& data) {
    try {
      return target_.rows.load(data, as_named, load::Freeze::No, target_.stop);
    } catch (const Error& failure) {
      throw table_failure(data, failure);
    }
  }

  // Numbers that were handed out since the backup are not handed out again (M7).
  void advance_sequences(const sql::LiveTable& live, TableRestoreResult& result) {
    for (const pg::QualifiedName& sequence : sql::sequences_of(connection_, live.oid)) {
      for (const archive::SequenceRecord& record :
           target_.options.from.backup->manifest.sequences) {
        if (record.schema != sequence.schema || record.name != sequence.name) continue;
        if (sql::advance_sequence(connection_, sequence, record.last_value, record.is_called))
          result.notes.push_back(cat("sequence ", sequence.display(), " set to ", record.last_value,
                                     ", where it was at the backup"));
      }
    }
  }

  void bind() {
    std::string sql;
    for (const pg::QualifiedName& leaf : forced_)
      sql += cat("ALTER TABLE ", leaf.quoted(), " FORCE ROW LEVEL SECURITY;\n");
    for (const sql::Trigger& trigger : triggers_) sql += sql::enable_trigger(trigger);
    if (!sql.empty()) connection_.execute(sql);
    for (const sql::ForeignKey& key : keys_) {
      try {
        connection_.execute(cat("ALTER TABLE ", key.table.quoted(), " ADD CONSTRAINT ",
                                pg::quote_ident(key.name), " ", key.definition));
        if (!key.comment.empty()) {
          connection_.execute(cat("COMMENT ON CONSTRAINT ", pg::quote_ident(key.name), " ON ",
                                  key.table.quoted(), " IS ", pg::quote_literal(key.comment)));
        }
      } catch (const Error& failure) {
        if (failure.sqlstate() != kForeignKeyViolation) throw;
        throw Error(
            Kind::Preflight,
            cat("rows of ", key.table.display(),
                " point to rows that the backup does not have (key ", util::printable(key.name),
                "): ", failure.message()),
            {.hint = cat("Restore both tables in one go (a further --table ", key.table.display(),
                         "), or leave --in-place away and put back what is missing from "
                         "T__restored."),
             .sqlstate = failure.sqlstate()});
      }
    }
  }

  const TableTarget& target_;
  pg::Connection& connection_;
  std::vector<std::optional<sql::LiveTable>> live_;  // of each table of the set
  std::vector<pg::QualifiedName> kept_;              // the same: for the rows that are there
  std::vector<sql::ForeignKey> keys_;
  std::vector<sql::Trigger> triggers_;
  std::vector<pg::QualifiedName> forced_;
};

}  // namespace

std::vector<std::string> check_in_place(const TableTarget& target) {
  InPlace in_place(target);
  in_place.look();
  return in_place.plan_lines();
}

void restore_in_place(const TableTarget& target, TableRestoreResult& result) {
  InPlace(target).run(result);
}

}  // namespace ops
