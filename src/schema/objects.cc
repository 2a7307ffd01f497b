#include "schema/objects.h"

#include <algorithm>
#include <iterator>

namespace schema {
namespace {

// The closed list of what no restore brings back, as far as names can show it: invalid indexes
// (S13), and subscriptions, which are never restored into another database (F8).
bool accepted_loss(const Object& object) {
  return object.type == "index (invalid)" || object.type == "subscription";
}

std::vector<Object> minus(const std::vector<Object>& left, const std::vector<Object>& right) {
  std::vector<Object> rest;
  std::set_difference(left.begin(), left.end(), right.begin(), right.end(),
                      std::back_inserter(rest));
  return rest;
}

}  // namespace

std::vector<Difference> compare(const std::vector<Object>& source,
                                const std::vector<Object>& copy) {
  std::vector<Difference> differences;
  for (const Object& object : minus(source, copy)) {
    differences.push_back({Difference::What::Missing, object, accepted_loss(object)});
  }
  for (const Object& object : minus(copy, source)) {
    differences.push_back({Difference::What::Additional, object, false});
  }
  return differences;
}

}  // namespace schema
