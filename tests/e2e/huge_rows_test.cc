// Rows of which no worker should hold one beside another's (performance.md, "memory").
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/round_trip.h"
#include "util/text.h"

namespace {

using test::RoundTrip;

class HugeRows : public RoundTrip {};

// libpq has a row twice; what it is made into goes on to the files. Of all that this test has run
// so far, the program under test takes the most memory by far.
TEST_F(HugeRows, AreHeldByOneReaderAtATime) {
  constexpr std::uint64_t kRowBytes = 48U << 20U;
  constexpr std::uint64_t kUsualBytes = 96U << 20U;
  make("huge_rows", "", {});
  database().connect().execute(
      "create table a as select n, (select string_agg(md5((k * n)::text), '') from "
      "generate_series(1, 3 << 19) k) from generate_series(1, 2) n; create table b as table a");
  const test::BinaryResult made = run({"backup", "--dir", "huge", "--jobs", "2"});
  ASSERT_EQ(made.status, 0) << made.err;
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const std::uint64_t peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  EXPECT_LT(peak_bytes, kRowBytes * 5 / 2 + kUsualBytes);
}

}  // namespace
