#include "dump/work.h"

#include <algorithm>

namespace dump {
namespace {

constexpr std::size_t kLargeObjectsPerTask = 64;

std::size_t slots_of(const Content& content) {
  std::size_t slots =
      (content.large_objects.size() + kLargeObjectsPerTask - 1) / kLargeObjectsPerTask;
  for (const auto& ranges : content.ranges) slots += ranges.size();
  return slots;
}

// One past the last if no table is cut.
std::size_t largest_cut_table(const Content& content) {
  std::size_t largest = content.tables.size();
  for (std::size_t table = 0; table < content.tables.size(); ++table) {
    if (content.ranges[table].size() == 1) continue;
    if (largest == content.tables.size() ||
        content.tables[table].bytes > content.tables[largest].bytes)
      largest = table;
  }
  return largest;
}

}  // namespace

Work::Work(const Content& listed, Snapshot& locked, util::Reporter& told, ServerWatch& watching,
           std::uint64_t rate)
    : content(listed),
      snapshot(locked),
      reporter(told),
      watch(watching),
      window(slots_of(listed)),
      large_rows(listed.tables.size()),
      huge_rows(listed.tables.size()),
      handed_over(listed.tables.size()),
      throttle(rate),
      slot_fingerprints(slots_of(listed)),
      counts(listed.tables.size()),
      generated(listed.tables.size()),
      views(listed.views.size()),
      large_objects(listed.large_objects.size()) {
  const std::size_t largest = largest_cut_table(content);
  if (largest < content.tables.size())
    tasks.push_back({.what = Task::What::Count, .index = largest});
  std::size_t slot = 0;
  for (std::size_t table = 0; table < content.tables.size(); ++table) {
    std::vector<std::size_t>& slots = table_slots.emplace_back();
    for (const scan::PageRange& range : content.ranges[table]) {
      slots.push_back(slot);
      tasks.push_back({.what = Task::What::Rows, .index = table, .range = range, .slot = slot++});
    }
    total_bytes_ += content.tables[table].bytes;
  }
  for (std::size_t first = 0; first < content.large_objects.size(); first += kLargeObjectsPerTask) {
    object_slots.push_back(slot);
    const std::size_t end = std::min(first + kLargeObjectsPerTask, content.large_objects.size());
    tasks.push_back({.what = Task::What::LargeObjects, .index = first, .end = end, .slot = slot++});
  }
  for (std::size_t table = 0; table < content.tables.size(); ++table) {
    if (content.ranges[table].size() > 1 && table != largest)
      tasks.push_back({.what = Task::What::Count, .index = table});
    if (!content.tables[table].generated.empty())
      tasks.push_back({.what = Task::What::Generated, .index = table});
  }
  for (std::size_t view = 0; view < content.views.size(); ++view) {
    if (content.views[view].populated) tasks.push_back({.what = Task::What::View, .index = view});
  }
}

std::optional<Task> Work::take() {
  const std::size_t number = next_.fetch_add(1);
  return number < tasks.size() ? std::optional(tasks[number]) : std::nullopt;
}

void Work::report_progress(std::uint64_t heap_bytes) {
  const std::uint64_t done = done_bytes_.fetch_add(heap_bytes) + heap_bytes;
  reporter.progress("data", done, total_bytes_);
}

}  // namespace dump
