// The statements of check.cc.
#pragma once

#include <string>
#include <string_view>

namespace check::sql {

std::string_view relations();          // oid, schema, name, kind, whether a partition
std::string_view inheritance();        // child, parent: partitions too
std::string_view indexes_not_valid();  // oid, schema, name, table's name, kind
std::string_view constraints();        // owner's oid, name, valid, owner as people write it
std::string_view session_settings();   // for counting, within a transaction
std::string count_rows(const std::string& quoted_name);        // the table alone
std::string count_query_rows(const std::string& quoted_name);  // a view and the like

}  // namespace check::sql
