#include "schema/model.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "util/error.h"
#include "util/text.h"

namespace schema {
namespace {

bool before(const Element& a, const Element& b) {
  return std::tie(a.kind, a.identity) < std::tie(b.kind, b.identity);
}

// One text of an array, as the server writes it: in double quotes wherever that is needed.
std::string unquoted(std::string_view list, std::size_t& at) {
  std::string text;
  if (at < list.size() && list[at] == '"') {
    for (++at; at < list.size() && list[at] != '"'; ++at) {
      if (list[at] == '\\' && at + 1 < list.size()) ++at;
      text += list[at];
    }
    ++at;
    return text;
  }
  while (at < list.size() && list[at] != ',' && list[at] != '}') text += list[at++];
  return text;
}

bool needs_quotes(std::string_view text) {
  return text.empty() || util::lower(text) == "null" ||
         text.find_first_of("{}\",\\ \t\n\r\v\f") != std::string_view::npos;
}

}  // namespace

const KindInfo* find_kind(std::string_view name) noexcept {
  const auto* const found = std::find_if(kKinds.begin(), kKinds.end(),
                                         [&](const KindInfo& kind) { return kind.name == name; });
  return found == kKinds.end() ? nullptr : found;
}

const std::string* Element::fact(std::string_view wanted) const noexcept {
  const auto found =
      std::find_if(facts.begin(), facts.end(), [&](const Fact& one) { return one.name == wanted; });
  return found == facts.end() ? nullptr : &found->value;
}

std::string_view Element::value(std::string_view wanted) const noexcept {
  const std::string* const found = fact(wanted);
  return found == nullptr ? std::string_view{} : std::string_view(*found);
}

std::vector<std::string> texts_of(std::string_view list) {
  std::vector<std::string> texts;
  std::size_t at = 1;  // behind the brace
  while (at < list.size() && list[at] != '}') {
    texts.push_back(unquoted(list, at));
    if (at < list.size() && list[at] == ',') ++at;
  }
  return texts;
}

std::string list_of(const std::vector<std::string>& texts) {
  std::string list = "{";
  for (const std::string& text : texts) {
    if (list.size() > 1) list += ',';
    if (!needs_quotes(text)) {
      list += text;
      continue;
    }
    list += '"';
    for (const char c : text) {
      if (c == '"' || c == '\\') list += '\\';
      list += c;
    }
    list += '"';
  }
  return list + "}";
}

const Element* Model::find(Kind kind, std::string_view identity) const noexcept {
  const auto found = std::lower_bound(
      elements.begin(), elements.end(), identity, [&](const Element& one, std::string_view wanted) {
        return std::pair(one.kind, std::string_view(one.identity)) < std::pair(kind, wanted);
      });
  const bool is_it = found != elements.end() && found->kind == kind && found->identity == identity;
  return is_it ? &*found : nullptr;
}

void Model::sort() {
  std::sort(elements.begin(), elements.end(), before);
  const auto twice =
      std::adjacent_find(elements.begin(), elements.end(), [](const Element& a, const Element& b) {
        return a.kind == b.kind && a.identity == b.identity;
      });
  if (twice == elements.end()) return;
  throw util::Error(util::Kind::Bug,
                    util::cat("two elements of the schema are ", info(twice->kind).name, " ",
                              util::printable(twice->identity)));
}

}  // namespace schema
