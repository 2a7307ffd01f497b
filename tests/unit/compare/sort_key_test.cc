#include "compare/sort_key.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "util/error.h"

namespace {

std::string key(std::string_view field) {
  std::string out;
  compare::append_sort_key(out, field);
  return out;
}

TEST(SortKey, OrdersIntegersByValueThenTextsByBytesThenNull) {
  const std::vector<std::string> ordered{"-1000",
                                         "-21",
                                         "-20",
                                         "-3",
                                         "0",
                                         "1",
                                         "2",
                                         "10",
                                         "11",
                                         "100",
                                         "123456789012345678901234",
                                         "",
                                         "+1",
                                         "-",
                                         "-0",
                                         "007",
                                         "1.5",
                                         "A",
                                         "a",
                                         "a b",
                                         "ab",
                                         "b",
                                         "\xC3\xA4",
                                         "\\N"};
  for (std::size_t n = 1; n < ordered.size(); ++n)
    EXPECT_LT(key(ordered[n - 1]), key(ordered[n])) << ordered[n - 1] << " before " << ordered[n];
}

// Fields one after the other: none may be taken for the beginning of another.
TEST(SortKey, ComparesRowsFieldByField) {
  compare::KeyMaker by_all({});
  const auto less = [&](std::string_view a, std::string_view b) {
    const std::string left(by_all.of(a));
    return left < by_all.of(b);
  };
  EXPECT_TRUE(less("a\tz", "ab\ta"));
  EXPECT_TRUE(less("1\t9", "10\t0"));
  EXPECT_TRUE(less("9\tz", "10\ta"));
  EXPECT_TRUE(less("-10\tz", "-9\ta"));
  EXPECT_TRUE(less("a\t\\N", "b\t1"));
  EXPECT_TRUE(less("\tb", "a\ta"));
}

TEST(SortKey, IsOfTheNamedFieldsOnlyAndInTheirOrder) {
  compare::KeyMaker maker({2, 0});
  const std::string one(maker.of("a\tx\tb"));
  EXPECT_EQ(one, maker.of("a\ty\tb"));
  EXPECT_NE(one, maker.of("b\tx\ta"));
  EXPECT_EQ(one, key("b") + key("a"));
  EXPECT_THROW(maker.of("a\tb"), util::Error);
}

// The same value as another text is another field: it has to be told.
TEST(SortKey, IsEqualForEqualTextOnly) {
  EXPECT_NE(key("1.0"), key("1.00"));
  EXPECT_NE(key(""), key("\\N"));
  EXPECT_NE(key("N"), key("\\N"));
  EXPECT_NE(key("-0"), key("0"));
}

}  // namespace
