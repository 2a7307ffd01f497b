#include "load/schedule.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <set>

#include "util/workers.h"

namespace load {
namespace {

struct Tasks {
  std::deque<archive::TocEntry> entries;
  std::vector<Task> tasks;
  void add(std::uint64_t weight, std::vector<std::size_t> waits_for = {},
           std::vector<int> locks = {}) {
    entries.emplace_back().dump_id = static_cast<int>(entries.size());
    tasks.push_back({.entry = &entries.back(),
                     .weight = weight,
                     .waits_for = std::move(waits_for),
                     .needs = locks,
                     .locks = locks});
  }
};

TEST(Schedule, LargestFirstThenInOrder) {
  Tasks made;
  made.add(1);
  made.add(5);
  made.add(5);
  Schedule schedule(made.tasks);
  EXPECT_EQ(schedule.next({}), 1U);
  EXPECT_EQ(schedule.next({}), 2U);
  EXPECT_EQ(schedule.next({}), 0U);
  EXPECT_EQ(schedule.next({}), std::nullopt);
}

TEST(Schedule, InspectionsLast) {
  Tasks made;
  made.add(9);
  made.add(1);
  made.tasks[0].work = Work::Inspect;
  Schedule schedule(made.tasks);
  EXPECT_EQ(schedule.next({}), 1U);
  EXPECT_EQ(schedule.next({}), 0U);
}

TEST(Schedule, WaitsForDependenciesAndSkipsConflicts) {
  Tasks made;
  made.add(1, {}, {7});
  made.add(9, {0});
  made.add(0, {}, {7});
  made.add(0);
  Schedule schedule(made.tasks);
  EXPECT_EQ(schedule.next({}), 0U);
  EXPECT_EQ(schedule.next({}), 3U) << "2 conflicts with 0, 1 waits for it";
  schedule.finished(0);
  EXPECT_EQ(schedule.next({}), 1U);
  EXPECT_EQ(schedule.next({}), 2U);
}

TEST(Schedule, ACircleEndsInOrder) {
  Tasks made;
  made.add(1, {1});
  made.add(2, {0});
  Schedule schedule(made.tasks);
  EXPECT_EQ(schedule.next({}), 0U);
  schedule.finished(0);
  EXPECT_EQ(schedule.next({}), 1U);
  schedule.finished(1);
  EXPECT_EQ(schedule.next({}), std::nullopt);
}

TEST(Schedule, ATeamIsGivenTheSameTaskUntilOneHasFinished) {
  Tasks made;
  made.add(9, {}, {1});
  made.tasks[0].team = 3;
  made.add(1, {0});
  made.add(1);
  Schedule schedule(made.tasks);
  EXPECT_EQ(schedule.next({}), 0U);
  EXPECT_EQ(schedule.next({}), 0U);
  schedule.finished(0);
  EXPECT_EQ(schedule.next({}), 2U) << "too late to join, too early for what waits for it";
  schedule.finished(0);
  EXPECT_EQ(schedule.next({}), 1U);
  EXPECT_EQ(schedule.next({}), std::nullopt);
}

TEST(Schedule, StopEndsWaiting) {
  Tasks made;
  made.add(1);
  made.add(1, {0});
  Schedule schedule(made.tasks);
  ASSERT_EQ(schedule.next({}), 0U);  // never finished
  std::stop_source stop;
  util::run_workers(2, {}, [&](std::size_t number, const std::stop_token&) {
    if (number == 0) {
      EXPECT_EQ(schedule.next(stop.get_token()), std::nullopt);
    } else {
      stop.request_stop();
    }
  });
}

TEST(Schedule, ManyWorkersRunEverythingOnceAndInOrder) {
  const unsigned seed = std::random_device()();
  std::mt19937 random(seed);
  SCOPED_TRACE(seed);
  Tasks made;
  for (std::size_t n = 0; n < 500; ++n) {
    std::vector<std::size_t> waits;
    for (int k = 0; n > 0 && k < 3; ++k) waits.push_back(random() % n);
    made.add(random() % 10, std::move(waits), {static_cast<int>(random() % 20)});
  }
  Schedule schedule(made.tasks);
  util::Mutex mutex;
  std::set<std::size_t> running;
  std::set<std::size_t> done;
  util::run_workers(4, {}, [&](std::size_t, const std::stop_token& stop) {
    while (const std::optional<std::size_t> next = schedule.next(stop)) {
      {
        const util::Lock lock(mutex);
        for (const std::size_t before : made.tasks[*next].waits_for)
          EXPECT_TRUE(done.contains(before));
        for (const std::size_t other : running)
          EXPECT_FALSE(conflict(made.tasks[*next], made.tasks[other]));
        running.insert(*next);
      }
      {
        const util::Lock lock(mutex);
        running.erase(*next);
        EXPECT_TRUE(done.insert(*next).second);
      }
      schedule.finished(*next);
    }
  });
  EXPECT_EQ(done.size(), made.tasks.size());
}

}  // namespace
}  // namespace load
