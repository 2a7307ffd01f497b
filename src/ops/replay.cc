#include "ops/replay.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "dump/facts.h"
#include "migrate/apply.h"
#include "migrate/files.h"
#include "migrate/reach.h"
#include "pg/database_properties.h"
#include "pg/session.h"
#include "schema/read.h"
#include "schema/reparse.h"
#include "swap/swap.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace ops {
namespace {

using schema::Change;
using schema::Element;
using util::cat;
using util::Error;
using util::Kind;
using util::printable;

constexpr std::string_view kDuplicateDatabase = "42P04";
constexpr std::string_view kUndefinedTable = "42P01";

// Two of one second differ by their process.
std::string new_key() {
  constexpr int kSixDigits = 1'000'000;
  return cat(util::key_time(util::Clock::now()), getpid() % kSixDigits);
}

std::string comment_of(const std::string& key, const std::filesystem::path& migrations) {
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) != 0) host.front() = '\0';
  return cat("pgbelay drift ", key, ", ", host.data(), ":",
             std::filesystem::absolute(migrations).string());
}

// They would change the live cluster (F10), which has what they make already.
std::vector<std::string> leave_out_what_reaches_outside(std::vector<migrate::File>& files) {
  std::vector<std::string> lines;
  for (migrate::File& file : files) {
    std::erase_if(file.statements, [&](const migrate::Statement& statement) {
      const std::optional<std::string> found = migrate::reaches_outside(statement.text, {});
      if (found)
        lines.push_back(cat(printable(file.name), ":", statement.line, ": ", printable(*found),
                            ": not replayed, it reaches beyond the database"));
      return found.has_value();
    });
  }
  std::erase_if(files, [](const migrate::File& file) { return file.statements.empty(); });
  return lines;
}

class Scratch {
 public:
  Scratch(const ReplayOptions& options, util::Reporter& reporter, std::stop_token stop)
      : options_(options),
        reporter_(reporter),
        key_(new_key()),
        application_(cat("pgbelay-", key_)),
        maintenance_(open_maintenance(std::move(stop))),
        name_(swap::side_name(options.database.database(), swap::Purpose::Drift, key_)) {}

  const std::string& name() const { return name_; }
  const std::string& application() const { return application_; }

  void create() {
    const std::string& live = options_.database.database();
    swap::drop_abandoned_replays(maintenance_, live);
    const pg::DatabaseProperties properties = pg::read_properties(maintenance_, live);
    try {
      swap::create_side(maintenance_, name_, properties, comment_of(key_, options_.migrations));
    } catch (Error& error) {
      if (error.sqlstate() == kDuplicateDatabase) throw;  // somebody else's
      created_ = true;                                    // it may lack its comment only
      if (error.kind() != Kind::Privilege) throw;
      throw Error(
          error.kind(), cat("cannot make a scratch database: ", error.message()),
          {.hint = "The role needs CREATEDB to replay migrations.", .sqlstate = error.sqlstate()});
    }
    created_ = true;
    take_settings(properties);
  }

  pg::Connection open(const std::stop_token& stop) const {
    return pg::Connection::open(options_.database.with_database(name_), application_, stop);
  }

  void drop() {
    if (!created_) return;
    if (!maintenance_.alive()) maintenance_ = open_maintenance({});
    swap::drop_side(maintenance_, name_);
    created_ = false;
  }

 private:
  pg::Connection open_maintenance(std::stop_token stop) const {
    return swap::open_maintenance(options_.database, options_.maintenance_db, application_,
                                  std::move(stop));
  }

  // A search_path of the database says where unqualified names go. Its owner counts, too: schema
  // public belongs to whoever owns the database.
  void take_settings(const pg::DatabaseProperties& properties) {
    try {
      pg::apply_properties(maintenance_, name_, properties, pg::CommentFrom::Database);
    } catch (const Error& error) {
      if (error.kind() != Kind::Privilege) throw;
      reporter_.warning(cat("the scratch database does not have all settings of ",
                            printable(options_.database.database()), ": ", error.message()));
    }
  }

  const ReplayOptions& options_;
  util::Reporter& reporter_;
  std::string key_, application_;
  pg::Connection maintenance_;
  std::string name_;
  bool created_ = false;
};

void apply(const ReplayOptions& options, const Scratch& scratch,
           const std::vector<migrate::File>& files, util::Reporter& reporter,
           const std::stop_token& stop) {
  pg::Connection connection = scratch.open(stop);
  const migrate::Outcome outcome =
      migrate::apply(migrate::Side{scratch.name()}, connection, files,
                     {.run = cat("drift ", scratch.application())}, reporter, stop);
  if (!outcome.failure) return;
  const Error& failure = *outcome.failure;
  if (failure.kind() == Kind::Interrupted) throw failure;
  const bool missing = failure.sqlstate() == kUndefinedTable;
  throw Error(failure.kind(), failure.message(),
              {.hint = missing ? "The files must make the whole schema in an empty database: begin "
                                 "with one that makes what was there before the first migration."
                               : failure.hint(),
               .sqlstate = failure.sqlstate()})
      .while_doing(cat("replaying the migrations in ", printable(options.migrations.string()),
                       " in a scratch database; the live one was not touched"));
}

// --- who owns what ------------------------------------------------------------------------------

// The role that replays stands for the one that most of the live objects belong to: who ran the
// files is not said by them.
std::optional<std::string> usual_owner(const schema::Model& replayed, const schema::Model& live,
                                       const std::string& replayer) {
  std::map<std::string, std::size_t> counts;
  for (const Element& element : replayed.elements) {
    if (element.kind == schema::Kind::Schema || element.value("owner") != replayer) continue;
    const Element* const same = live.find(element.kind, element.identity);
    if (same != nullptr && same->has("owner")) ++counts[std::string(same->value("owner"))];
  }
  const auto most =
      std::ranges::max_element(counts, {}, [](const auto& row) { return row.second; });
  if (most == counts.end() || most->first == replayer) return std::nullopt;
  return most->first;
}

// In an item of a list of privileges, which is GRANTEE=PRIVILEGES/GRANTOR.
std::string renamed_in_acl(const std::string& item, const std::string& from,
                           const std::string& to) {
  std::string text = item;
  if (text.starts_with(cat(from, "="))) text.replace(0, from.size(), to);
  if (text.ends_with(cat("/", from))) text.replace(text.size() - from.size(), from.size(), to);
  return text;
}

// No file makes `public`: before 15 it is the superuser's who ran initdb, and he may be the one who
// replays.
bool is_of_initdb(const Element& element, const schema::Model& live, const std::string& replayer) {
  if (element.kind != schema::Kind::Schema || element.name != "public") return false;
  const Element* const same = live.find(element.kind, element.identity);
  return same != nullptr && same->value("owner") == replayer;
}

void rename_owner(schema::Model& model, const schema::Model& live, const std::string& from,
                  const std::string& to) {
  for (Element& element : model.elements) {
    if (is_of_initdb(element, live, from)) continue;
    for (schema::Fact& fact : element.facts) {
      if (fact.name == "owner" && fact.value == from) fact.value = to;
      if (fact.name != "acl" || fact.form != schema::Form::List) continue;
      std::vector<std::string> items = schema::texts_of(fact.value);
      for (std::string& item : items) item = renamed_in_acl(item, from, to);
      std::ranges::sort(items);
      fact.value = schema::list_of(items);
    }
  }
}

// --- what is no drift ---------------------------------------------------------------------------

class Sieve {
 public:
  explicit Sieve(SchemaDiff& diff) : diff_(diff) {}

  void run() {
    find_books();
    std::erase_if(diff_.changes, [this](const Change& change) { return left_out(change); });
    for (Change& change : diff_.changes) leave_out_facts(change);
    std::erase_if(diff_.changes, [](const Change& change) {
      return change.what == Change::What::Changed && change.facts.empty();
    });
  }

 private:
  void find_books() {
    for (const Change& change : diff_.changes) {
      const Element& element = change.element();
      const bool own = element.kind == schema::Kind::Schema && element.name == "pgbelay";
      if (change.what != Change::What::Added && !own) continue;
      const bool schema =
          element.kind == schema::Kind::Schema && dump::is_history_schema(element.name);
      const bool table =
          element.kind == schema::Kind::Table && dump::is_history_table(element.name);
      if (schema) schemas_.insert(element.name);
      if (table) tables_.insert(element.identity);
      if ((schema || table) && !own)
        diff_.not_compared.push_back(cat(schema ? "schema " : "table ", element.identity,
                                         ": where a migration tool keeps its books, and no file "
                                         "makes it"));
    }
  }

  bool left_out(const Change& change) {
    const Element& element = change.element();
    if (element.kind == schema::Kind::Database) return true;  // its name, owner, settings
    if (element.kind == schema::Kind::Subscription) {
      diff_.not_compared.push_back(
          cat("subscription ", element.identity, ": never made in a scratch database"));
      return true;
    }
    if (element.schema == "pgbelay" || schemas_.contains(element.schema)) return true;
    if (element.kind == schema::Kind::Schema && schemas_.contains(element.name)) return true;
    return tables_.contains(element.identity) || tables_.contains(element.of) ||
           of_books(element.value("owned by")) || of_books(element.value("identity of"));
  }

  // The column that a sequence belongs to.
  bool of_books(std::string_view column) const {
    return std::ranges::any_of(
        tables_, [&](const std::string& table) { return column.starts_with(cat(table, ".")); });
  }

  void leave_out_facts(Change& change) {
    std::erase_if(change.facts, [&](const schema::FactChange& fact) {
      const Element& element = change.element();
      if (fact.name == "dropped columns") return true;
      if (element.kind == schema::Kind::Column && fact.name == "position") {
        const Element* const table = diff_.b.model.find(schema::Kind::Table, element.of);
        return table != nullptr && table->has("inherits");
      }
      if (element.kind != schema::Kind::Extension) return false;
      if (fact.name == "version")
        diff_.not_compared.push_back(cat("version of extension ", element.identity, ": ",
                                         fact.after.value_or(""), ", a new one would be ",
                                         fact.before.value_or("")));
      return fact.name == "version" || (element.name == "plpgsql" && fact.name == "comment");
    });
  }

  SchemaDiff& diff_;
  std::set<std::string> tables_, schemas_;  // of migration tools
};

SchemaDiff compare(const ReplayOptions& options, const Scratch& scratch, std::size_t files,
                   const std::stop_token& stop) {
  pg::Connection connection = scratch.open(stop);
  const pg::CancelOnStop cancel(connection, stop);
  pg::pin_settings(connection, pg::database_encoding(connection));
  SchemaSide replayed{.display = cat("migrations in ", printable(options.migrations.string()), ", ",
                                     util::show_counted(files, "file")),
                      .model = schema::read(connection),
                      .database = {}};
  util::throw_if_stopped(stop);
  SchemaSide live = schema_of(options.database, scratch.application());
  const std::string replayer = connection.user();
  if (const auto owner = usual_owner(replayed.model, live.model, replayer))
    rename_owner(replayed.model, live.model, replayer, *owner);
  SchemaDiff diff(std::move(replayed), std::move(live));
  diff.changes = schema::compare(diff.a.model, diff.b.model);
  Sieve(diff).run();
  // Here nobody else needs a lock that this takes.
  schema::settle_texts(diff.changes, connection, schema::Database::Copy);
  util::throw_if_stopped(stop);
  return diff;
}

}  // namespace

SchemaDiff compare_with_replay(const ReplayOptions& options, util::Reporter& reporter,
                               const std::stop_token& stop) {
  std::vector<migrate::File> files = migrate::read_directory(options.migrations);
  if (files.empty()) {
    throw Error(Kind::Usage,
                cat("there is no *.sql file in ", printable(options.migrations.string())),
                {.hint = "Name the folder that pgbelay migrate is given.", .sqlstate = {}});
  }
  const std::size_t count = files.size();
  std::vector<std::string> left_out = leave_out_what_reaches_outside(files);
  Scratch scratch(options, reporter, stop);
  std::optional<SchemaDiff> diff;
  try {
    scratch.create();
    apply(options, scratch, files, reporter, stop);
    diff.emplace(compare(options, scratch, count, stop));
    scratch.drop();
  } catch (...) {
    Error error = util::as_error(std::current_exception());
    try {
      scratch.drop();
    } catch (const Error& failure) {
      error.attach(cat("scratch database ", printable(scratch.name()), " is left (pgbelay doctor ",
                       "lists it): ", failure.message()));
    }
    throw error;
  }
  settle_in_live(*diff, scratch.application());
  diff->not_compared.insert(diff->not_compared.begin(), left_out.begin(), left_out.end());
  return *std::move(diff);
}

}  // namespace ops
