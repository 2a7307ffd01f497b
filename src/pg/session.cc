#include "pg/session.h"

#include <array>
#include <span>
#include <utility>

#include "pg/sql_session.h"
#include "util/text.h"

namespace pg {
namespace {

struct Setting {
  std::string_view name;
  std::string_view value;
};

// Names as pg_settings spells them. Those that a server does not have are left out by the
// statement.
constexpr std::array kPinned{
    // Text of values.
    Setting{"DateStyle", "ISO, MDY"},
    Setting{"IntervalStyle", "postgres"},
    Setting{"TimeZone", "UTC"},
    Setting{"extra_float_digits", "3"},
    Setting{"bytea_output", "hex"},
    Setting{"lc_monetary", "C"},
    Setting{"xmloption", "content"},
    Setting{"array_nulls", "on"},
    Setting{"standard_conforming_strings", "on"},
    Setting{"quote_all_identifiers", "off"},
    // Which rows, and in which order.
    Setting{"search_path", ""},
    Setting{"row_security", "off"},
    Setting{"synchronize_seqscans", "off"},
    Setting{"max_parallel_workers_per_gather", "0"},
    Setting{"enable_tidscan", "on"},
    Setting{"session_replication_role", "origin"},
    // Transactions, and what new objects become.
    Setting{"default_transaction_read_only", "off"},
    Setting{"default_transaction_isolation", "read committed"},
    Setting{"default_tablespace", ""},
    Setting{"default_table_access_method", "heap"},
    Setting{"stats_fetch_consistency", "none"},
    // Nothing of ours may be ended by a clock.
    Setting{"statement_timeout", "0"},
    Setting{"lock_timeout", "0"},
    Setting{"idle_in_transaction_session_timeout", "0"},
    Setting{"idle_session_timeout", "0"},
    Setting{"transaction_timeout", "0"},
};

std::string array_element(std::string_view text) {
  std::string escaped = util::replace_all(std::string(text), "\\", "\\\\");
  return util::cat('"', util::replace_all(std::move(escaped), "\"", "\\\""), '"');
}

void set_all(Connection& connection, std::span<const Setting> settings) {
  std::vector<std::string> names;
  std::vector<std::string> values;
  for (const Setting& setting : settings) {
    names.push_back(array_element(setting.name));
    values.push_back(array_element(setting.value));
  }
  connection.query(sql::set_settings(), {util::cat('{', util::join(names, ","), '}'),
                                         util::cat('{', util::join(values, ","), '}')});
}

}  // namespace

void pin_settings(Connection& connection, std::string_view client_encoding) {
  std::vector<Setting> settings(kPinned.begin(), kPinned.end());
  settings.push_back({"client_encoding", client_encoding});
  set_all(connection, settings);
}

void refuse_user_views(Connection& connection) {
  constexpr std::array kRefused{Setting{"restrict_nonsystem_relation_kind", "view, foreign-table"}};
  set_all(connection, kRefused);
}

void commit_durably(Connection& connection) { connection.execute(sql::wait_for_commits()); }

void flush_commits(Connection& connection) {
  connection.execute(sql::wait_for_commits());
  connection.execute(sql::commit_a_message());
}

std::string database_encoding(Connection& connection) {
  return connection.query(sql::database_encoding()).str(0, 0);
}

}  // namespace pg
