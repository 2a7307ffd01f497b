// rehearsal.json: every figure of the report, in bytes and seconds (contracts.md K9).
#include <array>
#include <nlohmann/json.hpp>

#include "guard/rehearsal_report.h"
#include "util/text.h"

namespace guard {
namespace {

using nlohmann::ordered_json;

template <typename Number>
ordered_json optional(const std::optional<Number>& value) {
  return value ? ordered_json(*value) : ordered_json();
}

ordered_json text_or_null(const std::string& text) {
  return text.empty() ? ordered_json() : ordered_json(text);
}

double seconds(util::Seconds value) { return value.count(); }

class Document {
 public:
  explicit Document(const RehearsalReport& report) : report_(report) {}

  ordered_json all() const {
    const Estimate live = estimate(report_);
    return {{"schema", "pgbelay.rehearsal/1"},
            {"run", report_.run},
            {"database", report_.database},
            {"server_version", report_.server_version},
            {"backup", report_.backup},
            {"place", text_or_null(std::string(util::trim(report_.place)))},
            {"migration", report_.migration},
            {"started_at", util::rfc3339(report_.started_at)},
            {"passed", report_.passed()},
            {"succeeded", report_.succeeded},
            {"cause", text_or_null(report_.cause)},
            {"stopped_by", stop_reasons(report_)},
            {"duration_s", seconds(report_.took)},
            {"statements", statements()},
            {"statements_left_out", report_.statements_left_out},
            {"locks", locks()},
            {"locks_complete", report_.locks_complete},
            {"rewrites", rewrites()},
            {"rewritten_bytes", report_.rewritten_bytes()},
            {"rows", rows()},
            {"rows_exact", report_.rows_exact},
            {"objects", objects()},
            {"checks_failed", report_.failed_checks},
            {"refused", report_.refused},
            {"left_open", report_.left_open},
            {"outside", outside()},
            {"wal_bytes", optional(report_.wal_bytes)},
            {"database_bytes",
             {{"before", report_.bytes_before},
              {"after", report_.bytes_after},
              {"peak", report_.bytes_peak},
              {"live", report_.live_bytes}}},
            {"estimate",
             {{"duration_s_at_least", seconds(live.at_least)},
              {"duration_s_at_most", seconds(live.at_most)},
              {"disk_bytes", live.disk_bytes},
              {"wal_bytes", optional(live.wal_bytes)},
              {"server_room_bytes", optional(report_.server_room)}}},
            {"limits", limits()}};
  }

 private:
  double offset(util::Clock::time_point when) const {
    return seconds(util::Seconds(when - report_.started_at));
  }

  ordered_json statements() const {
    ordered_json list = ordered_json::array();
    for (const RehearsedStatement& statement : report_.statements) {
      list.push_back({{"number", statement.number},
                      {"pid", statement.pid},
                      {"text", statement.text},
                      {"result", text_or_null(statement.tag)},
                      {"sqlstate", text_or_null(statement.sqlstate)},
                      {"begin_s", offset(statement.begin)},
                      {"duration_s", seconds(statement.took())}});
    }
    return list;
  }

  ordered_json locks() const {
    ordered_json list = ordered_json::array();
    for (const HeldLock& lock : report_.locks) {
      list.push_back({{"pid", lock.pid},
                      {"relation", lock.relation},
                      {"mode", lock_name(lock.mode)},
                      {"begin_s", offset(lock.begin)},
                      {"held_s", seconds(lock.held())},
                      {"statement", optional(lock.statement)},
                      {"keeps_out", keeps_out(lock.mode)}});
    }
    return list;
  }

  ordered_json rewrites() const {
    constexpr std::array<std::string_view, 4> kWhat{"table-rewritten", "table-emptied",
                                                    "index-rebuilt", "index-built"};
    ordered_json list = ordered_json::array();
    for (const Rewrite& rewrite : report_.rewrites) {
      list.push_back({{"what", kWhat[static_cast<std::size_t>(rewrite.what)]},
                      {"relation", rewrite.relation},
                      {"table", text_or_null(rewrite.table)},
                      {"bytes_before", rewrite.bytes_before},
                      {"bytes_after", rewrite.bytes_after}});
    }
    return list;
  }

  ordered_json rows() const {
    ordered_json list = ordered_json::array();
    for (const RowChange& change : report_.rows) {
      list.push_back({{"table", change.table},
                      {"inserted", change.inserted},
                      {"updated", change.updated},
                      {"deleted", change.deleted},
                      {"rows_before", optional(change.before)},
                      {"rows_after", optional(change.after)}});
    }
    return list;
  }

  static std::string_view word(ObjectChange::What what) {
    if (what == ObjectChange::What::Changed) return "changed";
    return what == ObjectChange::What::Added ? "added" : "removed";
  }

  ordered_json objects() const {
    ordered_json list = ordered_json::array();
    for (const ObjectChange& change : report_.objects) {
      list.push_back({{"change", word(change.what)},
                      {"type", change.type},
                      {"identity", change.identity},
                      {"text", change.text}});
    }
    return list;
  }

  ordered_json outside() const {
    ordered_json list = ordered_json::array();
    for (const OutsideChange& change : report_.outside) {
      list.push_back({{"text", change.text},
                      {"statement", text_or_null(change.statement)},
                      {"put_back", change.fate == OutsideChange::Fate::PutBack},
                      {"reason", text_or_null(change.reason)}});
    }
    return list;
  }

  ordered_json limits() const {
    ordered_json list = ordered_json::array();
    for (const LimitVerdict& verdict : judge_limits(report_)) {
      list.push_back({{"limit", verdict.name},
                      {"allowed", verdict.allowed},
                      {"measured", verdict.measured},
                      {"kept", verdict.kept}});
    }
    return list;
  }

  const RehearsalReport& report_;
};

}  // namespace

std::string report_json(const RehearsalReport& report) {
  return Document(report).all().dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace guard
