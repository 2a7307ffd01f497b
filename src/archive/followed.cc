#include "archive/followed.h"

#include <algorithm>

#include "archive/entry_sql.h"
#include "util/error.h"
#include "util/text.h"

namespace archive {
namespace {

using util::cat;

bool has_data_of_table(const TocEntry& entry) {
  return entry.desc == "TABLE DATA" || entry.desc == "SEQUENCE SET";
}

}  // namespace

FollowedReader::FollowedReader(const Reader& first, const Reader& second,
                               LargeObjectsOf large_objects)
    : first_(first), second_(second), toc_(first.toc()) {
  for (const TocEntry& entry : second.toc().entries) {
    if (has_data_of_table(entry)) take_data(entry);
  }
  if (large_objects == LargeObjectsOf::Second) take_large_objects();
}

void FollowedReader::take_data(const TocEntry& entry) {
  const auto same = [&](const TocEntry& other) {
    return other.desc == entry.desc && other.schema == entry.schema && other.tag == entry.tag;
  };
  const auto found = std::find_if(toc_.entries.begin(), toc_.entries.end(), same);
  if (found == toc_.entries.end()) {
    throw util::Error(util::Kind::Damage,
                      cat("the follow-up has ", util::lower(entry.desc), " ",
                          util::printable(cat(entry.schema.value_or(""), ".", entry.tag)),
                          ", which the backup does not know"));
  }
  found->definition = entry.definition;
  found->copy = entry.copy;
  found->has_data = entry.has_data;
  of_second_[found->dump_id] = &entry;
}

// They have ids of their own there: they are numbered anew behind all others.
void FollowedReader::take_large_objects() {
  std::erase_if(toc_.entries, is_large_object_related);
  const int base = toc_.max_dump_id();
  for (const TocEntry& entry : second_.toc().entries) {
    if (!is_large_object_related(entry)) continue;
    TocEntry taken = entry;
    taken.dump_id += base;
    taken.offset_state = OffsetState::NotSet;  // says nothing of a place in the first file
    std::erase_if(taken.dependencies, [&](int id) {
      const TocEntry* const on = second_.toc().find(id);
      return on == nullptr || !is_large_object_related(*on);
    });
    for (int& id : taken.dependencies) id += base;
    of_second_[taken.dump_id] = &entry;
    toc_.entries.push_back(std::move(taken));
  }
}

std::pair<const Reader*, const TocEntry*> FollowedReader::source(const TocEntry& entry) const {
  const auto found = of_second_.find(entry.dump_id);
  if (found != of_second_.end()) return {&second_, found->second};
  return {&first_, first_.toc().find(entry.dump_id)};
}

std::map<int, std::uint64_t> FollowedReader::data_bytes() const {
  const std::map<int, std::uint64_t> first = first_.data_bytes(), second = second_.data_bytes();
  std::map<int, std::uint64_t> out;
  for (const TocEntry& entry : toc_.entries) {
    const auto [reader, there] = source(entry);
    const std::map<int, std::uint64_t>& sizes = reader == &second_ ? second : first;
    if (const auto found = sizes.find(there->dump_id); found != sizes.end())
      out.emplace(entry.dump_id, found->second);
  }
  return out;
}

void FollowedReader::read_table(const TocEntry& entry, const codec::ByteSink& sink) const {
  const auto [reader, there] = source(entry);
  reader->read_table(*there, sink);
}

void FollowedReader::read_large_objects(const TocEntry& entry, const LargeObjectSink& sink) const {
  const auto [reader, there] = source(entry);
  reader->read_large_objects(*there, sink);
}

}  // namespace archive
