#include "schema/tell.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "util/text.h"
#include "util/text_diff.h"

namespace schema {
namespace {

using util::cat;

constexpr std::size_t kMostShown = 400;   // bytes of one text on a line
constexpr std::size_t kPlaceShown = 120;  // of a long one: around the place where it differs
constexpr std::size_t kBeforePlace = 40;

bool is_relation(Kind kind) {
  return kind == Kind::Table || kind == Kind::ForeignTable || kind == Kind::View ||
         kind == Kind::MaterializedView;
}

// Runs of white space are one space.
std::string squeezed(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (!space) {
      line += c;
    } else if (!line.empty() && line.back() != ' ') {
      line += ' ';
    }
  }
  while (!line.empty() && (line.back() == ' ' || line.back() == ';')) line.pop_back();
  return line;
}

// A text on one line, what is too long is cut.
std::string one_line(std::string_view text) {
  const std::string line = squeezed(text);
  if (line.size() <= kMostShown) return util::printable(line);
  return cat(util::printable(util::cut_utf8(line, kMostShown)), " …");
}

std::string shown(Form form, std::string_view value) {
  if (form == Form::Secret) return "(secret)";
  if (form != Form::List) return one_line(value);
  return one_line(util::join(texts_of(value), ", "));
}

std::string column_summary(const Element& column) {
  std::string text(column.value("type"));
  const auto add = [&](std::string_view before, std::string_view fact) {
    if (column.has(fact)) text += cat(" ", before, column.value(fact));
  };
  add("collate ", "collation");
  if (column.has("not null")) text += " not null";
  add("default ", "default");
  if (column.has("identity")) text += cat(" generated ", column.value("identity"), " as identity");
  if (column.has("generated"))
    text +=
        cat(" generated always as (", column.value("expression"), ") ", column.value("generated"));
  return one_line(text);
}

std::string list_summary(const Element& element, std::string_view fact) {
  return one_line(util::join(texts_of(element.value(fact)), ", "));
}

// The kind of the relation is not known of its part: people know their tables.
std::string part_of(const Element& element) {
  return cat("table ", util::printable(element.of), ": ", info(element.kind).name, " ",
             util::printable(element.name));
}

std::string value_of(const std::optional<std::string>& value, Form form) {
  return value ? shown(form, *value) : std::string("none");
}

// What people call a fact that is only there or not.
bool is_flag(const FactChange& fact) {
  const std::string& value = fact.after ? *fact.after : *fact.before;
  return !(fact.before && fact.after) && (value == "yes" || value == "on");
}

bool is_long(const FactChange& fact) {
  const auto too_long = [](const std::optional<std::string>& value) {
    return value && value->size() > kMostShown;
  };
  return fact.before && fact.after && (too_long(fact.before) || too_long(fact.after));
}

bool has_lines(const std::optional<std::string>& value) {
  return value && util::trim(*value).find('\n') != std::string_view::npos;
}

// What one list has and the other has not.
std::string tell_items(const FactChange& fact) {
  const std::vector<std::string> was = texts_of(*fact.before), is = texts_of(*fact.after);
  const auto only = [](const std::vector<std::string>& these,
                       const std::vector<std::string>& those) {
    std::vector<std::string> items;
    for (const std::string& item : these) {
      if (std::find(those.begin(), those.end(), item) == those.end()) items.push_back(item);
    }
    return items;
  };
  const std::vector<std::string> gone = only(was, is), came = only(is, was);
  if (gone.empty() && came.empty()) return cat(fact.name, " are in another order");
  return cat(fact.name, came.empty() ? "" : cat(" also ", one_line(util::join(came, ", "))),
             gone.empty() || came.empty() ? "" : ",",
             gone.empty() ? "" : cat(" no longer ", one_line(util::join(gone, ", "))));
}

// From the line where they begin to differ.
std::string tell_place(const FactChange& fact) {
  const std::string &was = *fact.before, &is = *fact.after;
  const auto at = static_cast<std::size_t>(
      std::mismatch(was.begin(), was.end(), is.begin(), is.end()).first - was.begin());
  const std::size_t line =
      1 + static_cast<std::size_t>(
              std::count(was.begin(), was.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
  std::size_t from = at == 0 ? 0 : was.rfind('\n', at - 1) + 1;
  if (at - from > kBeforePlace) from = at - kBeforePlace;
  while (from > 0 && (static_cast<unsigned char>(was[from]) & 0xC0U) == 0x80U) --from;
  const auto shown_from = [&](std::string_view text) {
    text.remove_prefix(std::min(from, text.size()));
    const std::string rest = squeezed(text.substr(0, text.find('\n')));
    const std::string_view cut = util::cut_utf8(rest, kPlaceShown);
    return cat("«", util::printable(cut), cut.size() < rest.size() ? " …" : "", "»");
  };
  return cat(fact.name, " differs in line ", line, ": is ", shown_from(is), ", was ",
             shown_from(was));
}

std::string tell_fact(const FactChange& fact) {
  if (fact.form == Form::Secret) return cat(fact.name, " changed");
  if (is_long(fact)) return fact.form == Form::List ? tell_items(fact) : tell_place(fact);
  if (is_flag(fact)) return fact.after ? cat("now ", fact.name) : cat("no longer ", fact.name);
  if (!fact.before) return cat(fact.name, " is ", value_of(fact.after, fact.form), ", was not set");
  if (!fact.after) return cat(fact.name, " is not set, was ", value_of(fact.before, fact.form));
  return cat(fact.name, " is ", value_of(fact.after, fact.form), ", was ",
             value_of(fact.before, fact.form));
}

std::string tell_facts(const Change& change) {
  std::vector<std::string> texts;
  for (const FactChange& fact : change.facts) texts.push_back(tell_fact(fact));
  return util::join(texts, "; ");
}

// Relations that came or went, with their columns in order.
using Columns = std::map<std::string_view, std::vector<const Element*>>;

Columns columns_of_changed(const std::vector<Change>& changes, Change::What what) {
  Columns columns;
  for (const Change& change : changes) {
    if (change.what == what && is_relation(change.element().kind))
      columns[change.element().identity];
  }
  for (const Change& change : changes) {
    const auto found = columns.find(change.element().of);
    if (change.what == what && change.element().kind == Kind::Column && found != columns.end())
      found->second.push_back(&change.element());
  }
  const auto position = [](const Element* column) {
    return util::parse_u64(column->value("position")).value_or(0);
  };
  for (auto& [relation, list] : columns) {
    std::sort(list.begin(), list.end(),
              [&](const Element* a, const Element* b) { return position(a) < position(b); });
  }
  return columns;
}

std::string tell_columns(const std::vector<const Element*>& columns) {
  std::vector<std::string> texts;
  for (const Element* const column : columns)
    texts.push_back(cat(util::printable(column->name), " ", column_summary(*column)));
  return texts.empty() ? std::string() : cat(": ", util::join(texts, ", "));
}

class Telling {
 public:
  explicit Telling(const std::vector<Change>& changes)
      : changes_(changes),
        added_(columns_of_changed(changes, Change::What::Added)),
        removed_(columns_of_changed(changes, Change::What::Removed)) {}

  std::vector<Told> lines() {
    // A relation and its parts stand together, as do a sequence and the column that owns it.
    std::vector<Told> lines;
    for (const Change& change : changes_) {
      if (!told_with_relation(change)) lines.push_back({.change = &change, .text = line(change)});
    }
    const auto key = [](const Told& told) {
      const Element& element = told.change->element();
      const std::string& relation = element.of.empty() ? element.identity : element.of;
      return std::tie(relation, element.kind, told.text);
    };
    std::sort(lines.begin(), lines.end(),
              [&](const Told& a, const Told& b) { return key(a) < key(b); });
    return lines;
  }

 private:
  const Columns& with(const Change& change) const {
    return change.what == Change::What::Added ? added_ : removed_;
  }

  // Columns are told in the line of their relation, and an index in that of its constraint.
  bool told_with_relation(const Change& change) const {
    const Element& element = change.element();
    if (change.what == Change::What::Changed) return false;
    if (element.kind == Kind::Index && element.has("constraint")) return true;
    if (element.kind == Kind::Sequence && (element.has("owned by") || element.has("identity of")))
      return true;
    const bool with_relation = with(change).contains(element.of);
    return with_relation && (element.kind == Kind::Column || change.what == Change::What::Removed);
  }

  std::string line(const Change& change) const {
    const Element& element = change.element();
    if (change.what == Change::What::Changed || !is_relation(element.kind)) return tell(change);
    return cat(tell(change), tell_columns(with(change).at(element.identity)));
  }

  const std::vector<Change>& changes_;
  Columns added_, removed_;
};

}  // namespace

std::string subject(const Element& element) {
  const std::string_view kind = info(element.kind).name;
  if (element.kind == Kind::Database) return std::string(kind);
  if (element.of.empty() || element.kind == Kind::PublicationTable)
    return cat(kind, " ", util::printable(element.identity));
  return part_of(element);
}

std::string summary(const Element& element) {
  switch (element.kind) {
    case Kind::Column:
      return column_summary(element);
    case Kind::TypeAttribute:
      return one_line(element.value("type"));
    case Kind::Constraint:
    case Kind::DomainConstraint:
    case Kind::Index:
    case Kind::Trigger:
    case Kind::Rule:
    case Kind::Statistics:
      return one_line(element.value("definition"));
    case Kind::Type:
      return element.has("labels") ? cat("enum of ", list_summary(element, "labels"))
                                   : one_line(element.value("form"));
    case Kind::Domain:
      return column_summary(element);
    case Kind::Extension:
      return cat("version ", one_line(element.value("version")));
    case Kind::DefaultPrivileges:
    case Kind::Privileges:
      return list_summary(element, "acl");
    case Kind::View:
    case Kind::MaterializedView:
      return one_line(element.value("query"));
    case Kind::Function:
    case Kind::Procedure:
      return cat("language ", one_line(element.value("language")));
    default:
      return {};
  }
}

std::string tell(const Change& change) {
  const std::string what = subject(change.element());
  if (change.what == Change::What::Changed) return cat(what, ": ", tell_facts(change));
  const std::string text = summary(change.element());
  return cat(what, change.what == Change::What::Added ? " added" : " dropped",
             text.empty() ? "" : ", ", text);
}

std::string definition(const Element& element) {
  std::string text;
  for (const Fact& fact : element.facts) {
    if (fact.form == Form::Secret) continue;
    const std::string value =
        fact.form == Form::List ? util::join(texts_of(fact.value), ", ") : fact.value;
    if (has_lines(value)) {
      text += cat(fact.name, ":\n  ", util::replace_all(value, "\n", "\n  "), "\n");
    } else {
      text += cat(fact.name, ": ", util::trim(value), "\n");
    }
  }
  return text;
}

std::vector<std::string> differing_lines(const Change& change) {
  const Element& element = change.element();
  if (change.what == Change::What::Changed) {
    const bool lines =
        std::any_of(change.facts.begin(), change.facts.end(), [](const FactChange& fact) {
          return fact.form != Form::Secret &&
                 (is_long(fact) || has_lines(fact.before) || has_lines(fact.after));
        });
    if (!lines) return {};
    return util::diff_lines(definition(*change.before), definition(*change.after));
  }
  const bool told = element.kind == Kind::Column || element.kind == Kind::TypeAttribute ||
                    (!summary(element).empty() && definition(element).size() <= kMostShown);
  if (told) return {};
  const bool came = change.what == Change::What::Added;
  return util::diff_lines(came ? std::string() : definition(element),
                          came ? definition(element) : std::string());
}

std::vector<Told> tell_each(const std::vector<Change>& changes) { return Telling(changes).lines(); }

std::vector<std::string> tell(const std::vector<Change>& changes) {
  std::vector<std::string> lines;
  for (Told& told : tell_each(changes)) lines.push_back(std::move(told.text));
  return lines;
}

}  // namespace schema
