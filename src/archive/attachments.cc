#include "archive/attachments.h"

#include <algorithm>
#include <string_view>

#include "archive/identifiers.h"

namespace archive {
namespace {

// Of a definition: from the line end before the statement to behind its semicolon.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

bool take_name_of(std::string_view& text, const TocEntry& table) {
  if (take_identifier(text) != table.schema || !text.starts_with('.')) return false;
  text.remove_prefix(1);
  return take_identifier(text) == table.tag;
}

// Bounds are literals of any content.
std::size_t end_of_statement(std::string_view text, std::size_t at) {
  char quote = 0;
  for (; at < text.size(); ++at) {
    const char c = text[at];
    if (quote == 0 && c == ';') return at + 1;
    if (c == quote) {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    }
  }
  return at;
}

// The last one: what the table's columns say stands before it.
std::optional<Span> attachment(const TocEntry& partition, const TocEntry& parent) {
  constexpr std::string_view kAlter = "\nALTER TABLE ONLY ";
  if (!partition.definition) return std::nullopt;
  const std::string_view text = *partition.definition;
  for (std::size_t at = text.rfind(kAlter); at != std::string_view::npos;
       at = at == 0 ? std::string_view::npos : text.rfind(kAlter, at - 1)) {
    std::string_view rest = text.substr(at + kAlter.size());
    if (take_name_of(rest, parent) && take_word(rest, "ATTACH PARTITION") &&
        take_name_of(rest, partition))
      return Span{at, end_of_statement(text, text.size() - rest.size())};
  }
  return std::nullopt;
}

TocEntry cut_out(TocEntry& partition, const TocEntry& parent, const Span& span, int dump_id) {
  TocEntry entry;
  entry.dump_id = dump_id;
  entry.tag = partition.tag;
  entry.desc = "TABLE ATTACH";
  entry.section = Section::PreData;
  entry.definition = partition.definition->substr(span.begin + 1, span.end - span.begin - 1) + "\n";
  entry.schema = partition.schema;
  entry.owner = partition.owner;
  entry.dependencies = {partition.dump_id, parent.dump_id};
  partition.definition->erase(span.begin, span.end - span.begin);
  std::erase(partition.dependencies, parent.dump_id);
  return entry;
}

}  // namespace

bool attaches_to(const TocEntry& partition, const TocEntry& parent) {
  return attachment(partition, parent).has_value();
}

Toc with_attachments(const Toc& toc) {
  Toc out = toc;
  out.entries.clear();
  int dump_id = toc.max_dump_id();
  for (const TocEntry& original : toc.entries) {
    out.entries.push_back(original);
    if (original.desc != "TABLE") continue;
    for (const int id : original.dependencies) {
      const TocEntry* const parent = toc.find(id);
      if (parent == nullptr || parent->desc != "TABLE" || parent == &original) continue;
      const std::optional<Span> span = attachment(original, *parent);
      if (!span) continue;
      out.entries.push_back(cut_out(out.entries.back(), *parent, *span, ++dump_id));
      break;  // a table is a partition of one other
    }
  }
  return out;
}

}  // namespace archive
