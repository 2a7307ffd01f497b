#include "util/error.h"

#include "util/text.h"

namespace util {

struct Error::State {
  Kind kind;
  std::string message;
  ErrorDetail detail;
  std::vector<std::string> context;
  std::vector<std::string> attached;
};

Error::Error(Kind kind, std::string message, ErrorDetail detail)
    : state_(std::make_shared<State>(State{kind, std::move(message), std::move(detail), {}, {}})) {}

const char* Error::what() const noexcept { return state_->message.c_str(); }
Kind Error::kind() const noexcept { return state_->kind; }
const std::string& Error::message() const noexcept { return state_->message; }
const std::string& Error::hint() const noexcept { return state_->detail.hint; }
const std::string& Error::sqlstate() const noexcept { return state_->detail.sqlstate; }
const std::vector<std::string>& Error::context() const noexcept { return state_->context; }
const std::vector<std::string>& Error::attached() const noexcept { return state_->attached; }

// A copy of the error may live in another thread: it is not changed under its feet.
void Error::own() {
  if (state_.use_count() > 1) state_ = std::make_shared<State>(*state_);
}

Error& Error::while_doing(std::string what) {
  own();
  state_->context.push_back(std::move(what));
  return *this;
}

Error& Error::attach(std::string cleanup_failure) {
  own();
  state_->attached.push_back(std::move(cleanup_failure));
  return *this;
}

Error Error::as(Kind outer) const {
  Error copy = *this;
  copy.own();
  copy.state_->kind = outer;
  return copy;
}

std::string Error::text() const {
  std::string out = message();
  if (!sqlstate().empty()) out += cat(" (", sqlstate(), ")");
  for (const std::string& step : context()) out += cat("\n  while ", step);
  for (const std::string& failure : attached()) out += cat("\n  then ", failure);
  if (!hint().empty()) out += cat("\nhint: ", hint());
  return out;
}

Error as_error(std::exception_ptr failure) {
  try {
    std::rethrow_exception(std::move(failure));
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& error) {
    return {Kind::Bug, cat("internal error: ", error.what())};
  }
}

void assertion_failed(const char* condition, const char* file, int line) {
  throw Error(
      Kind::Bug, cat("internal error: ", condition, " does not hold at ", file, ":", line),
      {.hint = "This is a defect of pgbelay: please report it with the log.", .sqlstate = {}});
}

}  // namespace util
