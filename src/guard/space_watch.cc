#include "guard/space_watch.h"

#include <algorithm>

#include "guard/sql_space.h"
#include "swap/swap.h"
#include "util/files.h"
#include "util/log.h"
#include "util/pause.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;
using util::show_size;
using namespace std::chrono_literals;

constexpr auto kBetweenLooks = 500ms;
constexpr std::string_view kCancelled = "57014";
constexpr std::uint64_t kMarginPart = 20;         // of the room
constexpr std::uint64_t kMostMargin = 1U << 30U;  // what a fast server writes between two looks
constexpr std::uint64_t kSegment = 16U << 20U;    // of write-ahead log, as almost every server has

std::uint64_t margin_of(std::uint64_t total) { return std::min(total / kMarginPart, kMostMargin); }

std::uint64_t less(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

}  // namespace

SpaceWatch::SpaceWatch(const RunContext& context, std::string database, WhenFull when_full,
                       std::stop_token outer)
    : context_(context),
      database_(std::move(database)),
      when_full_(when_full),
      forward_(std::move(outer), Forward{&stop_}) {
  try {
    disks_ = disks();
    if (disks_.empty()) return;
    control_.emplace(swap::open_maintenance(context.live.served(), context.maintenance_db,
                                            context.names.application, stop_.get_token()));
    before_ = look();
  } catch (const util::Error& error) {
    util::log::warning(cat("the room of the server is not watched: ", error.message()));
    return;
  }
  thread_ = std::jthread([this](const std::stop_token& ended) { run(ended); });
}

SpaceWatch::~SpaceWatch() = default;

void SpaceWatch::rethrow(const util::Error& failure) const {
  const util::Lock hold(mutex_);
  const bool stopped =
      failure.kind() == util::Kind::Interrupted || failure.sqlstate() == kCancelled;
  if (reason_.empty() || !stopped) throw failure;
  const bool undo = when_full_ == WhenFull::Warn;
  throw util::Error(
      undo ? util::Kind::NotUndone : util::Kind::Proof, reason_,
      {.hint = undo ? cat("Make room on the server, then: pgbelay undo ", context_.names.id)
                    : std::string("Make room on the server, or have the proof made elsewhere: "
                                  "--proof-at local or --proof-at URL."),
       .sqlstate = {}});
}

// What the operator states is believed; else the disk is asked, and that of the log if it has one
// of its own.
std::vector<SpaceWatch::Disk> SpaceWatch::disks() const {
  std::vector<Disk> out;
  if (context_.room.stated) return {{.folder = std::nullopt, .total = *context_.room.stated}};
  if (!context_.room.folder) return {};
  for (const std::filesystem::path& folder :
       {*context_.room.folder, *context_.room.folder / "pg_wal"}) {
    std::error_code ignored;
    if (std::filesystem::exists(folder, ignored))
      out.push_back({.folder = folder, .total = util::free_space(folder)});
  }
  return out;
}

SpaceWatch::Taken SpaceWatch::look() {
  return {.database = sql::database_bytes(*control_, database_), .log = sql::log_bytes(*control_)};
}

void SpaceWatch::run(const std::stop_token& ended) {
  try {
    for (;;) {
      util::pause(kBetweenLooks, ended);
      if (ended.stop_requested()) return;
      const Taken now = look();
      if (!full(less(now.database, before_.database) + less(now.log, before_.log))) continue;
      stop_.request_stop();
      return;
    }
  } catch (const util::Error& error) {  // the load goes on without being watched
    if (!ended.stop_requested())
      util::log::warning(cat("the room of the server is not watched any more: ", error.message()));
  }
}

bool SpaceWatch::full(std::uint64_t used) {
  for (const Disk& disk : disks_) {
    const std::uint64_t left =
        disk.folder ? util::free_space(*disk.folder) : less(disk.total, used);
    if (left > margin_of(disk.total)) continue;
    const std::string text =
        cat("the disk of the server is nearly full: ", show_size(used),
            " were taken by the copy and the write-ahead log so far, ", show_size(left), " of ",
            show_size(disk.total), " are left",
            disk.folder ? cat(" in ", disk.folder->string()) : " by --server-free");
    if (when_full_ == WhenFull::Warn && !(disk.folder && left < kSegment)) {
      if (!warned_) context_.reporter.warning(cat(text, "; the undo goes on"));
      warned_ = true;
      continue;
    }
    const util::Lock hold(mutex_);
    reason_ = text;
    return true;
  }
  return false;
}

}  // namespace guard
