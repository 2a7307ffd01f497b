#include "codec/sha256.h"

#include <gtest/gtest.h>

#include "util/error.h"
#include "util/files.h"

namespace codec {
namespace {

TEST(Sha256, EqualsThePublishedValues) {
  EXPECT_EQ(sha256_of(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_of("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, DoesNotDependOnHowTheInputIsCut) {
  const std::string text(100'000, 'x');
  Sha256 sum;
  for (std::size_t n = 0; n < text.size(); n += 777)
    sum.update(std::string_view(text).substr(n, 777));
  EXPECT_EQ(sum.finish(), sha256_of(text));
}

TEST(Sha256, IsSpentByFinish) {
  Sha256 sum;
  sum.finish();
  EXPECT_THROW(sum.update("late"), util::Error);
}

TEST(Sha256, ReadsAWholeFile) {
  const util::TempDir folder("sha256-");
  const std::filesystem::path path = folder.path() / "file";
  const std::string text((1U << 20U) * 2 + 5, 'y');  // more than one read
  util::WriteFile file(path);
  file.write(text);
  file.finish();
  EXPECT_EQ(sha256_of_file(path), sha256_of(text));
  EXPECT_THROW(sha256_of_file(folder.path() / "absent"), util::Error);
}

}  // namespace
}  // namespace codec
