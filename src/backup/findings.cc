#include "backup/findings.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <tuple>

#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace backup {
namespace {

constexpr std::size_t kMostFindings = 1000;

auto key(const archive::Finding& finding) {
  return std::tie(finding.file, finding.table, finding.piece, finding.offset, finding.code,
                  finding.text);
}

// A reader that came upon damage says what it was doing: all of it in one line.
archive::Finding from_damage(const Job& job, const util::Error& damage) {
  std::string text = damage.message();
  for (const std::string& context : damage.context()) text += util::cat(", ", context);
  archive::Finding finding;
  finding.code = "unreadable";
  finding.file = job.file;
  finding.table = job.table;
  finding.text = std::move(text);
  finding.hint = damage.hint();
  return finding;
}

}  // namespace

void Findings::add(archive::Finding finding) {
  const util::Lock lock(mutex_);
  found_.push_back(std::move(finding));
}

bool Findings::any() const {
  const util::Lock lock(mutex_);
  return !found_.empty();
}

std::vector<archive::Finding> Findings::take() {
  const util::Lock lock(mutex_);
  std::sort(found_.begin(), found_.end(),
            [](const archive::Finding& a, const archive::Finding& b) { return key(a) < key(b); });
  if (found_.size() > kMostFindings) {
    const std::size_t more = found_.size() - kMostFindings;
    found_.resize(kMostFindings);
    archive::Finding rest;
    rest.code = "more";
    rest.text = util::cat("and ", more, " further findings");
    found_.push_back(std::move(rest));
  }
  return std::move(found_);
}

void run_jobs(std::vector<Job> jobs, std::size_t threads, Findings& findings,
              const std::function<void(std::uint64_t done, std::uint64_t total)>& progress,
              const std::stop_token& stop) {
  if (jobs.empty()) return;
  if (threads == 0) threads = std::max(1U, std::thread::hardware_concurrency());
  std::uint64_t total = 0;
  for (const Job& job : jobs) total += job.bytes;
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint64_t> done{0};
  util::run_workers(
      std::min(threads, jobs.size()), stop, [&](std::size_t, const std::stop_token& local) {
        for (std::size_t n = next.fetch_add(1); n < jobs.size(); n = next.fetch_add(1)) {
          util::throw_if_stopped(local);
          try {
            jobs[n].work();
          } catch (const util::Error& failure) {
            if (failure.kind() != util::Kind::Damage) throw;
            findings.add(from_damage(jobs[n], failure));
          }
          progress(done.fetch_add(jobs[n].bytes) + jobs[n].bytes, total);
        }
      });
  util::throw_if_stopped(stop);
}

}  // namespace backup
