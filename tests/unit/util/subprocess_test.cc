#include "util/subprocess.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

namespace util {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

Captured shell(const std::string& line, std::size_t max_bytes) {
  return capture({.argv = {"/bin/sh", "-c", line}}, {}, max_bytes);
}

long peak_kib() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  return used.ru_maxrss;
}

TEST(Capture, KeepsWhatFits) {
  const Captured done = shell("printf 0123456789; printf abc >&2; exit 3", 10);
  EXPECT_EQ(done.ended.status, 3);
  EXPECT_EQ(done.out, "0123456789");
  EXPECT_EQ(done.err, "abc");
}

TEST(Capture, OfMoreTheBeginningAndTheEnd) {
  const Captured done = shell("printf 0123456789a >&2", 10);
  EXPECT_EQ(done.err, "01234\n[pgbelay: 1 bytes are left out here]\n6789a");
  EXPECT_EQ(done.out, "");
}

// A hook that prints without end.
TEST(Capture, TakesNoMoreMemoryHoweverMuchIsPrinted) {
  const long before = peak_kib();
  const Captured done =
      shell("echo begins; head -c 64000000 /dev/zero | tr '\\0' x; echo; echo ends", 1U << 20U);
  EXPECT_LT(peak_kib() - before, 16'000);
  EXPECT_LT(done.out.size(), (1U << 20U) + 100U);
  EXPECT_THAT(done.out, StartsWith("begins\nxxx"));
  EXPECT_THAT(done.out, HasSubstr("63 MB are left out here"));
  EXPECT_THAT(done.out, EndsWith("xxx\nends\n"));
}

}  // namespace
}  // namespace util
