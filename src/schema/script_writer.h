// One change as statements. Private to this module.
#pragma once

#include <set>
#include <string>

#include "schema/change.h"
#include "schema/script.h"

namespace schema {

// What the element needs, its columns' types and defaults among it.
std::set<std::string, std::less<>> needs_of(const Element& element, const Model& model);

enum class Remade { No, Yes };  // Yes: dropped and made again, because it cannot be altered

class Writer {
 public:
  Writer(const Model& before, const Model& after) : before_(before), after_(after) {}

  Written write(const Change& change, Remade remade) const;
  // DROP and CREATE, with comments and privileges.
  Written made_again(const Element& was, const Element& is) const;

 private:
  Written added(const Element& element) const;
  Written made(const Element& element) const;
  Written table(const Element& element) const;
  Written column(const Element& element) const;
  Written view(const Element& element, std::string_view create) const;
  Written removed(const Element& element) const;
  Written changed(const Change& change) const;
  Written changed_column(const Change& change) const;
  Written replaced(const Change& change) const;
  Statement drop(const Element& element, Phase phase, std::string text) const;
  Statement make(const Element& element, Phase phase, std::string text) const;

  const Model& before_;
  const Model& after_;
};

}  // namespace schema
