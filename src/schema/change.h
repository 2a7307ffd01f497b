// What two models differ in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/model.h"

namespace schema {

struct FactChange {
  std::string name;
  Form form = Form::Plain;
  std::optional<std::string> before, after;  // nothing: the fact is absent, its value the default
};

struct Change {
  enum class What { Removed, Added, Changed };
  What what = What::Changed;
  const Element* before = nullptr;  // of the models that were compared: they must outlive this
  const Element* after = nullptr;
  std::vector<FactChange> facts;  // of What::Changed
  // Whether whoever changed it said so; nothing where nobody asked or it cannot be known.
  std::optional<bool> expected = {};

  const Element& element() const noexcept { return after != nullptr ? *after : *before; }
};

// By kind and identity. A secret is compared only where both know it: files hold none.
std::vector<Change> compare(const Model& before, const Model& after);

// The closed list of what a restored copy may differ in from its source (postgres-hazards.md S13,
// F8): the reason, or nothing. What belongs to the database itself is put on at the swap and is not
// judged here.
struct Accepted {
  Change change;  // with the accepted facts only
  std::string_view reason;
};
struct Judged {
  std::vector<Change> differences;  // without what is accepted
  std::vector<Accepted> accepted;
};
Judged judge_copy(std::vector<Change> changes, const Model& source);

}  // namespace schema
