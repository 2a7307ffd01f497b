#include "dump/lock_watch.h"

#include <chrono>

#include "dump/sql_dump.h"
#include "util/error.h"

namespace dump {
namespace {

constexpr std::chrono::seconds kBetween{1};
constexpr int kPatience = 4;  // questions in a row

}  // namespace

LockWatch::LockWatch(Snapshot& snapshot, const std::string& application_name,
                     const std::stop_token& outer)
    : snapshot_(snapshot),
      application_name_(application_name),
      chained_(outer, [this] { give_up_.request_stop(); }),
      thread_([this](const std::stop_token& stop) { watch(stop); }) {}

LockWatch::~LockWatch() {
  thread_.request_stop();
  const util::Lock lock(mutex_);
  ended_.notify_all();
}

void LockWatch::watch(const std::stop_token& stop) {
  int waiting = 0;
  while (!stop.stop_requested()) {
    {
      const util::Lock lock(mutex_);
      if (!stop.stop_requested()) ended_.wait_for(mutex_, kBetween);
    }
    if (stop.stop_requested()) return;
    try {
      const bool waits = sql::waits_for_lock(*Snapshot::Session(snapshot_), application_name_);
      waiting = waits ? waiting + 1 : 0;
    } catch (const util::Error&) {
      return;  // the session is lost: its other users tell why
    }
    if (waiting < kPatience) continue;
    stuck_ = true;
    give_up_.request_stop();
    return;
  }
}

}  // namespace dump
