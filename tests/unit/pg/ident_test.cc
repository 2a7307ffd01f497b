#include "pg/ident.h"

#include <gtest/gtest.h>

#include "util/error.h"

namespace pg {
namespace {

TEST(Ident, QuotesEveryName) {
  EXPECT_EQ(quote_ident("a"), "\"a\"");
  EXPECT_EQ(quote_ident("a\"; drop table x; --"), "\"a\"\"; drop table x; --\"");
  EXPECT_THROW(quote_ident(std::string_view("a\0b", 3)), util::Error);
}

TEST(Ident, LiteralsDoNotDependOnStandardConformingStrings) {
  EXPECT_EQ(quote_literal("it's"), "'it''s'");
  EXPECT_EQ(quote_literal("\\' or 1"), "E'\\\\'' or 1'");
  EXPECT_THROW(quote_literal(std::string_view("\0", 1)), util::Error);
}

TEST(Ident, ShowsNamesToPeople) {
  EXPECT_EQ((QualifiedName{"public", "größe_1"}.display()), "public.größe_1");
  EXPECT_EQ((QualifiedName{"My Schema", "a\"b"}.display()), "\"My Schema\".\"a\"\"b\"");
  EXPECT_EQ((QualifiedName{"a", "x\n\\! touch"}.display()), "a.\"x\\x0a\\! touch\"");
  EXPECT_EQ((QualifiedName{"a.b", "c"}.display()), "\"a.b\".c");
}

}  // namespace
}  // namespace pg
