#include "dump/window.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <string>
#include <thread>

#include "util/error.h"

namespace dump {
namespace {

constexpr std::size_t kMiB = 1U << 20U;

Part part_of(std::uint64_t rows, std::size_t bytes = 1) {
  Part part;
  part.rows = rows;
  part.text.deflated.resize(bytes);
  return part;
}

std::vector<std::uint64_t> drain(Window& window, std::size_t slots) {
  std::vector<std::uint64_t> rows;
  for (std::size_t slot = 0; slot < slots; ++slot) {
    while (const std::optional<Part> part = window.next(slot, {})) rows.push_back(part->rows);
  }
  return rows;
}

TEST(Window, GivesPartsInTheOrderOfTheSlots) {
  Window window(3);
  window.push(2, part_of(5), {});
  window.push(1, part_of(3), {});
  window.push(0, part_of(1), {});
  window.push(1, part_of(4), {});
  window.push(0, part_of(2), {});
  for (const std::size_t slot : {1U, 0U, 2U}) window.finish(slot);
  EXPECT_EQ(drain(window, 3), (std::vector<std::uint64_t>{1, 2, 3, 4, 5}));
}

TEST(Window, NobodyWaitsForTheHeadWhenThatIsNeedless) {
  Window window(2);
  std::atomic<bool> needless = false;
  std::jthread reader([&] { window.wait_until_head(1, {}, [&] { return needless.load(); }); });
  needless = true;
  window.wake();
  reader.join();
  std::jthread next([&] { window.wait_until_head(1, {}, [] { return false; }); });
  window.finish(0);
  EXPECT_FALSE(window.next(0, {}));
}

// Four readers that take slots in ascending order, more bytes than the window holds, a slow writer:
// nobody waits for ever, and nothing is lost or out of order.
TEST(Window, NeverStopsWhileItIsFull) {
  constexpr std::size_t kSlots = 40;
  constexpr std::uint64_t kParts = 5;
  Window window(kSlots);
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> readers;
  for (int n = 0; n < 4; ++n) {
    readers.emplace_back([&] {
      for (std::size_t slot = next++; slot < kSlots; slot = next++) {
        for (std::uint64_t part = 0; part < kParts; ++part) {
          window.push(slot, part_of(slot * kParts + part, 4 * kMiB), {});
        }
        window.finish(slot);
      }
    });
  }
  const std::vector<std::uint64_t> rows = drain(window, kSlots);
  ASSERT_EQ(rows.size(), kSlots * kParts);
  for (std::size_t n = 0; n < rows.size(); ++n) EXPECT_EQ(rows[n], n);
}

// The reader of a later slot is held up by a full window, the head's is not: it is what empties it.
TEST(Window, HoldsUpLaterSlotsOnly) {
  Window window(2);
  std::atomic<int> pushed{0};
  std::jthread later([&] {
    for (int n = 0; n < 40; ++n) {
      window.push(1, part_of(1, 4 * kMiB), {});
      ++pushed;
    }
    window.finish(1);
  });
  while (pushed < 16) std::this_thread::yield();  // 64 MiB: full
  window.push(0, part_of(0, kMiB), {});
  window.finish(0);
  EXPECT_LE(pushed, 17);
  EXPECT_EQ(drain(window, 2).size(), 41U);
}

TEST(Window, WaitsUntilASlotIsTheHead) {
  Window window(2);
  std::atomic<bool> is_head{false};
  std::jthread waiter([&] {
    window.wait_until_head(1, {});
    is_head = true;
    window.finish(1);
  });
  window.push(0, part_of(7), {});
  EXPECT_FALSE(is_head);
  window.finish(0);
  EXPECT_EQ(drain(window, 2), (std::vector<std::uint64_t>{7}));
  EXPECT_TRUE(is_head);
}

TEST(Window, EndsEveryWaitWhenAStopIsRequested) {
  Window window(2);
  std::stop_source stop;
  std::atomic<int> interrupted{0};
  const auto expect_interrupted = [&](const std::function<void()>& wait) {
    try {
      wait();
    } catch (const util::Error& failure) {
      if (failure.kind() == util::Kind::Interrupted) ++interrupted;
    }
  };
  {
    std::jthread writer([&] { expect_interrupted([&] { window.next(0, stop.get_token()); }); });
    std::jthread waiter(
        [&] { expect_interrupted([&] { window.wait_until_head(1, stop.get_token()); }); });
    std::jthread reader([&] {
      expect_interrupted([&] {
        for (;;) window.push(1, part_of(1, 8 * kMiB), stop.get_token());
      });
    });
    stop.request_stop();
  }
  EXPECT_EQ(interrupted, 3);
}

}  // namespace
}  // namespace dump
