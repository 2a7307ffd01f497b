// The one exception class: what went wrong, what the operator does next, and which exit code that
// is.
//
// Messages are lower case, name the object and both values, and have no final full stop; the hint
// is a sentence of its own. Expected outcomes are values, never exceptions (style 4.1).
#pragma once

#include <array>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace util {

enum class Kind {
  Usage,         // wrong arguments, configuration, name
  Connect,       // the server cannot be reached or refuses us
  Privilege,     // the role may not do what is needed
  Preflight,     // the server or the database is not in a state that allows the run
  Space,         // no room, or none known
  Query,         // a statement of ours failed
  Io,            // a local file or pipe
  Backup,        // the backup could not be made
  Proof,         // the proof failed or is missing
  NotConfirmed,  // the operator said no, or a decision is needed first
  Busy,          // another run holds the lock
  Damage,        // a stored backup is not what was written
  Findings,      // checks above the configured level
  Undone,        // the migration failed and was undone
  NotUndone,     // the migration failed and was not undone
  InDoubt,       // a commit whose outcome is not known
  Interrupted,   // a signal
  Bug,
};

struct KindInfo {
  Kind kind;
  std::string_view name;  // never reused for another meaning
  int exit_code;          // cli.md "Exit codes"
  bool retryable;
};

constexpr std::array kKinds{
    KindInfo{Kind::Usage, "usage", 2, false},
    KindInfo{Kind::Connect, "connect", 1, true},
    KindInfo{Kind::Privilege, "privilege", 1, false},
    KindInfo{Kind::Preflight, "preflight", 1, false},
    KindInfo{Kind::Space, "space", 1, false},
    KindInfo{Kind::Query, "query", 1, false},
    KindInfo{Kind::Io, "io", 1, false},
    KindInfo{Kind::Backup, "backup", 5, false},
    KindInfo{Kind::Proof, "proof", 5, false},
    KindInfo{Kind::NotConfirmed, "not-confirmed", 6, false},
    KindInfo{Kind::Busy, "busy", 7, true},
    KindInfo{Kind::Damage, "damage", 8, false},
    KindInfo{Kind::Findings, "findings", 9, false},
    KindInfo{Kind::Undone, "undone", 3, false},
    KindInfo{Kind::NotUndone, "not-undone", 4, false},
    KindInfo{Kind::InDoubt, "in-doubt", 4, false},
    KindInfo{Kind::Interrupted, "interrupted", 130, false},
    KindInfo{Kind::Bug, "bug", 70, false},
};

consteval bool kinds_in_order() {
  for (std::size_t n = 0; n < kKinds.size(); ++n) {
    if (static_cast<std::size_t>(kKinds[n].kind) != n) return false;
  }
  return true;
}
static_assert(kinds_in_order(), "kKinds is indexed by Kind");

constexpr const KindInfo& info(Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

// What may be said beside the message.
struct ErrorDetail {
  std::string hint;      // what the operator does now; empty if there is nothing to say
  std::string sqlstate;  // five characters, empty if the server did not say it
};

// Copying cannot throw: the state is shared.
class Error : public std::exception {
 public:
  Error(Kind kind, std::string message, ErrorDetail detail = {});

  const char* what() const noexcept override;  // the message
  Kind kind() const noexcept;
  int exit_code() const noexcept { return info(kind()).exit_code; }
  const std::string& message() const noexcept;
  const std::string& hint() const noexcept;
  const std::string& sqlstate() const noexcept;
  const std::vector<std::string>& context() const noexcept;   // innermost first
  const std::vector<std::string>& attached() const noexcept;  // failures during cleanup (style 4.5)

  // The same error seen from one step further out ("while copying table public.a").
  Error& while_doing(std::string what);
  Error& attach(std::string cleanup_failure);
  // The same error as a failure of a larger step, for its exit code: a lost connection during the
  // backup is a failed backup.
  Error as(Kind outer) const;

  // message, context, hint and attached failures as the operator reads them, several lines.
  std::string text() const;

 private:
  struct State;
  void own();
  std::shared_ptr<State> state_;
};

// The error in `failure`; anything that is not an Error becomes one of Kind::Bug with its what().
Error as_error(std::exception_ptr failure);

// For bugs, never for input.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line);

}  // namespace util

#define PGBELAY_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::util::assertion_failed(#condition, __FILE__, __LINE__))
