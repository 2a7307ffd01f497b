#include "compare/side.h"

#include <algorithm>
#include <string>
#include <vector>

#include "pg/ident.h"
#include "schema/model.h"
#include "util/text.h"

namespace compare {

std::string privileges_of_large_object(std::string_view owner, std::string_view acl) {
  using util::cat;
  std::vector<std::string> items = schema::texts_of(acl);
  std::sort(items.begin(), items.end());
  const std::string quoted = pg::quote_ident(owner);
  const bool by_default = items.size() == 1 && (items[0] == cat(owner, "=rw/", owner) ||
                                                items[0] == cat(quoted, "=rw/", quoted));
  return by_default ? std::string() : util::join(items, ", ");
}

}  // namespace compare
