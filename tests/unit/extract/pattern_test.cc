#include "extract/pattern.h"

#include <gtest/gtest.h>

#include "util/error.h"

namespace extract {
namespace {

bool fits(const char* pattern, const char* schema, const char* table) {
  return TablePattern(pattern).matches(schema, table);
}

TEST(TablePattern, NameAloneMeansEverySchema) {
  EXPECT_TRUE(fits("members", "public", "members"));
  EXPECT_TRUE(fits("members", "app", "members"));
  EXPECT_FALSE(fits("members", "public", "members2"));
  EXPECT_FALSE(fits("members", "public", "member"));
}

TEST(TablePattern, SchemaAndWildcards) {
  EXPECT_TRUE(fits("app.members", "app", "members"));
  EXPECT_FALSE(fits("app.members", "public", "members"));
  EXPECT_TRUE(fits("app.*", "app", "anything"));
  EXPECT_TRUE(fits("*.log_20??", "archive", "log_2026"));
  EXPECT_FALSE(fits("*.log_20??", "archive", "log_20261"));
  EXPECT_TRUE(fits("a*b*c", "s", "aXbYbZc"));
  EXPECT_FALSE(fits("a*b*c", "s", "aXbYbZ"));
  EXPECT_TRUE(fits("*", "s", ""));
}

TEST(TablePattern, QuotesKeepCapitalsDotsAndWildcards) {
  EXPECT_TRUE(fits("MEMBERS", "public", "members"));
  EXPECT_FALSE(fits("Odd", "public", "Odd"));
  EXPECT_TRUE(fits("\"Odd\"", "public", "Odd"));
  EXPECT_TRUE(fits("\"a.b\".\"c\"\"d*\"", "a.b", "c\"d*"));
  EXPECT_FALSE(fits("\"c*\"", "public", "cd"));
  EXPECT_TRUE(fits("\"C\"*", "public", "Cd"));
}

TEST(TablePattern, WhatIsNoNameIsRefused) {
  for (const char* text : {"", "a.", ".a", "a.b.c", "\"a"}) {
    EXPECT_THROW(TablePattern{text}, util::Error) << text;
  }
}

}  // namespace
}  // namespace extract
