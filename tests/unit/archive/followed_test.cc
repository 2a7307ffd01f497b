#include "archive/followed.h"

#include <gtest/gtest.h>

#include <map>

#include "unit/archive/archives.h"

namespace archive {
namespace {

using namespace testing;

// Contents of which the data says what it is.
class Told : public Reader {
 public:
  Told(std::string name, Toc toc) : name_(std::move(name)), toc_(std::move(toc)) {}
  const Toc& toc() const noexcept override { return toc_; }
  std::map<int, std::uint64_t> data_bytes() const override {
    std::map<int, std::uint64_t> sizes;
    for (const TocEntry& entry : toc_.entries) {
      if (entry.has_data) sizes.emplace(entry.dump_id, name_.size());
    }
    return sizes;
  }
  void read_table(const TocEntry& entry, const codec::ByteSink& sink) const override {
    sink(bytes(name_ + " " + entry.tag + std::to_string(entry.dump_id)));
  }
  void read_large_objects(const TocEntry& entry, const LargeObjectSink& sink) const override {
    sink.begin(static_cast<std::uint32_t>(entry.dump_id));
    sink.bytes(bytes(name_));
    sink.end();
  }

 private:
  std::string name_;
  Toc toc_;
};

TocEntry position(int id, std::string definition) {
  TocEntry entry = special_entry(id, "SEQUENCE SET", std::move(definition));
  entry.tag = "s";
  entry.schema = "public";
  return entry;
}

Toc first_toc() {
  Toc toc = small_toc();
  toc.entries.push_back(position(40, "setval 1"));
  return toc;
}

// What changed: b and the sequence, under other ids, and the large objects.
Toc second_toc() {
  Toc toc;
  TocEntry metadata = special_entry(7, "BLOB METADATA", "4711\n");
  TocEntry comment = special_entry(9, "COMMENT", "COMMENT ON LARGE OBJECT 4711 IS 'x';\n");
  comment.tag = "LARGE OBJECT 4711";
  comment.dependencies = {7, 10};
  TocEntry content = large_objects_entry(8);
  content.dependencies = {7};
  toc.entries = {metadata, content, comment, data_entry(20, "b"), position(21, "setval 5")};
  return toc;
}

std::string table(const Reader& reader, int dump_id) {
  std::string out;
  reader.read_table(*reader.toc().find(dump_id),
                    [&](std::span<const std::byte> part) { out += text_of(part); });
  return out;
}

TEST(Followed, DataComesFromTheOneThatHasItLast) {
  const Told first("first", first_toc()), second("second", second_toc());
  const FollowedReader followed(first, second, LargeObjectsOf::First);
  EXPECT_EQ(followed.toc().entries.size(), first.toc().entries.size());
  EXPECT_EQ(table(followed, 20), "first a20");
  EXPECT_EQ(table(followed, 21), "second b20");
  EXPECT_EQ(followed.data_bytes(), (std::map<int, std::uint64_t>{{20, 5}, {21, 6}, {30, 5}}));
  EXPECT_EQ(followed.toc().find(21)->dependencies, std::vector<int>{10}) << "of its table here";
  EXPECT_EQ(followed.toc().find(40)->definition, "setval 5");
  EXPECT_NE(followed.toc().find(30), nullptr) << "its own large objects";
}

TEST(Followed, LargeObjectsAreAllOfTheSecondUnderIdsOfTheirOwn) {
  const Told first("first", first_toc()), second("second", second_toc());
  const FollowedReader followed(first, second, LargeObjectsOf::Second);
  EXPECT_EQ(followed.toc().find(30), nullptr);
  const TocEntry* const content = followed.toc().find(48);
  ASSERT_NE(content, nullptr);
  EXPECT_EQ(content->desc, "BLOBS");
  EXPECT_EQ(content->dependencies, std::vector<int>{47});
  EXPECT_EQ(followed.toc().find(49)->dependencies, std::vector<int>{47})
      << "what is no large object has another id here";
  std::string read;
  std::uint32_t oid = 0;
  followed.read_large_objects(
      *content, {.begin = [&](std::uint32_t begun) { oid = begun; },
                 .bytes = [&](std::span<const std::byte> part) { read += text_of(part); },
                 .end = [] {}});
  EXPECT_EQ(oid, 8U) << "as the second knows it";
  EXPECT_EQ(read, "second");
}

TEST(Followed, DataOfSomethingUnknownIsDamage) {
  Toc toc = second_toc();
  toc.entries.push_back(data_entry(22, "c"));
  const Told first("first", first_toc()), second("second", toc);
  EXPECT_EQ(kind_of_failure([&] { FollowedReader(first, second, LargeObjectsOf::First); }),
            util::Kind::Damage);
}

}  // namespace
}  // namespace archive
