#include "migrate/reach.h"

#include <algorithm>
#include <array>
#include <span>

#include "migrate/statements.h"
#include "util/error.h"
#include "util/text.h"

namespace migrate {
namespace {

constexpr std::size_t kShownBytes = 80;

// Called, not only named: a parenthesis follows.
constexpr std::array<std::string_view, 22> kFunctions{"pg_create_physical_replication_slot",
                                                      "pg_create_logical_replication_slot",
                                                      "pg_copy_physical_replication_slot",
                                                      "pg_copy_logical_replication_slot",
                                                      "pg_drop_replication_slot",
                                                      "pg_replication_slot_advance",
                                                      "pg_replication_origin_create",
                                                      "pg_replication_origin_drop",
                                                      "pg_replication_origin_advance",
                                                      "pg_reload_conf",
                                                      "pg_rotate_logfile",
                                                      "pg_promote",
                                                      "pg_switch_wal",
                                                      "pg_terminate_backend",
                                                      "pg_cancel_backend",
                                                      "pg_file_write",
                                                      "lo_export",
                                                      "dblink",
                                                      "dblink_exec",
                                                      "dblink_connect",
                                                      "dblink_connect_u",
                                                      "dblink_send_query"};

using Tokens = std::span<const Token>;

class Statements {
 public:
  Statements(Tokens tokens, const std::vector<std::string>& own) : tokens_(tokens), own_(own) {}

  bool word(std::size_t at, std::string_view text) const {
    return at < tokens_.size() && tokens_[at].kind == TokenKind::Word && tokens_[at].text == text;
  }
  bool symbol(std::size_t at, char c) const {
    return at < tokens_.size() && tokens_[at].kind == TokenKind::Symbol &&
           tokens_[at].text.front() == c;
  }

  // Whether the statement that begins with this token reaches outside.
  bool reaches(std::size_t at) const {
    if (word(at, "create") || word(at, "alter") || word(at, "drop")) return object(at);
    if (word(at, "grant") || word(at, "revoke")) return grant(at);
    if (word(at, "comment") && word(at + 1, "on")) return remark(at + 2);
    if (word(at, "security") && word(at + 1, "label")) return remark(label_object(at + 2));
    if (word(at, "reassign") && word(at + 1, "owned")) return true;
    if (word(at, "copy")) return copy(at);
    return false;
  }

  bool calls_outside(std::size_t at) const {
    return at < tokens_.size() && tokens_[at].kind == TokenKind::Word && symbol(at + 1, '(') &&
           std::find(kFunctions.begin(), kFunctions.end(), tokens_[at].text) != kFunctions.end();
  }

 private:
  bool name_of_own(std::size_t at) const {
    if (at >= tokens_.size()) return false;
    const Token& token = tokens_[at];
    if (token.kind != TokenKind::Word && token.kind != TokenKind::QuotedName) return false;
    return std::find(own_.begin(), own_.end(), token.text) != own_.end();
  }

  bool object(std::size_t at) const {
    const bool alter = word(at, "alter");
    if (word(at, "drop") && word(at + 1, "owned"))
      return true;  // privileges on shared objects, too
    if (alter && word(at + 1, "system")) return true;
    if (word(at + 1, "tablespace") || word(at + 1, "subscription")) return true;
    if (word(at + 1, "database")) return !(alter && name_of_own(at + 2));
    const bool role = word(at + 1, "role") || word(at + 1, "group") ||
                      (word(at + 1, "user") && !word(at + 2, "mapping"));
    if (!role) return false;
    // ALTER ROLE x IN DATABASE own SET …: goes with the copy.
    const bool here =
        alter && word(at + 3, "in") && word(at + 4, "database") && name_of_own(at + 5);
    return !here;
  }

  // Without ON it is about membership.
  bool grant(std::size_t at) const {
    int depth = 0;
    for (std::size_t n = at + 1; n < tokens_.size() && !symbol(n, ';'); ++n) {
      if (symbol(n, '(')) ++depth;
      if (symbol(n, ')')) --depth;
      if (depth > 0) continue;
      if (word(n, "to") || word(n, "from")) return true;
      if (word(n, "on")) return grant_on(n + 1);
    }
    return false;
  }

  bool grant_on(std::size_t at) const {
    if (word(at + 1, "to") || word(at + 1, "from")) return false;  // a table of that name
    if (word(at, "tablespace") || word(at, "parameter")) return true;
    if (!word(at, "database")) return false;
    for (std::size_t n = at + 1;; n += 2) {
      if (!name_of_own(n)) return true;
      if (!symbol(n + 1, ',')) return false;
    }
  }

  bool remark(std::size_t at) const {
    if (word(at, "database")) return !name_of_own(at + 1);
    return word(at, "role") || word(at, "tablespace") || word(at, "subscription");
  }

  std::size_t label_object(std::size_t at) const {
    if (word(at, "for")) at += 2;
    return word(at, "on") ? at + 1 : at;
  }

  // To a file or a program of the server.
  bool copy(std::size_t at) const {
    for (std::size_t n = at + 1; n < tokens_.size() && !symbol(n, ';'); ++n) {
      const bool direction = word(n, "to") || word(n, "from");
      if (direction && word(n + 1, "program")) return true;
      if (word(n, "to") && n + 1 < tokens_.size() && tokens_[n + 1].kind == TokenKind::String)
        return true;
    }
    return false;
  }

  Tokens tokens_;
  const std::vector<std::string>& own_;
};

std::string shown(std::string_view sql, Tokens tokens, std::size_t at) {
  std::string out;
  for (std::size_t n = at; n < tokens.size() && out.size() < kShownBytes; ++n) {
    const Token& token = tokens[n];
    if (token.kind == TokenKind::Symbol && token.text.front() == ';') break;
    if (token.kind == TokenKind::String) break;  // a password, for instance
    if (!out.empty()) out += ' ';
    out += sql.substr(token.offset, token.end - token.offset);
  }
  return std::string(util::cut_utf8(out, kShownBytes));
}

// The text that was read may have been cut within a literal: what stands whole before it is looked
// at.
std::vector<Token> tokens_of(std::string_view sql) {
  for (int attempt = 0; attempt < 8 && !sql.empty(); ++attempt) {
    try {
      return tokens(sql);
    } catch (const util::Error&) {
      const std::size_t end = sql.rfind(';');
      sql = end == std::string_view::npos ? std::string_view() : sql.substr(0, end);
    }
  }
  return {};
}

enum class Where { AtTheBeginning, Anywhere };

std::optional<std::string> scan(std::string_view sql, const std::vector<std::string>& own,
                                Where where) {
  const std::vector<Token> all = tokens_of(sql);
  const Statements statements(all, own);
  bool begins = true;
  bool block = false;  // of a DO, whose strings are SQL that will run
  for (std::size_t at = 0; at < all.size(); ++at) {
    if (begins) block = statements.word(at, "do");
    const bool looked_at = begins || where == Where::Anywhere;
    if ((looked_at && statements.reaches(at)) || statements.calls_outside(at))
      return shown(sql, all, at);
    if (all[at].kind == TokenKind::String && (block || where == Where::Anywhere)) {
      if (std::optional<std::string> inner = scan(all[at].text, own, Where::Anywhere)) return inner;
    }
    begins = statements.symbol(at, ';');
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> reaches_outside(std::string_view sql,
                                           const std::vector<std::string>& own_databases) {
  return scan(sql, own_databases, Where::AtTheBeginning);
}

}  // namespace migrate
