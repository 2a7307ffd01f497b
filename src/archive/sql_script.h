// The text of the SQL file without its data: which entries go where, and what is written for each.
//
// Left out always: the database itself with its properties and comment (the file is restored into a
// database that exists), tablespaces (the file must work on servers that lack them), and statistics
// (ANALYZE makes them). Privileges, default privileges included, and owners come only when asked
// for. Subscriptions are created as pg_dump writes them, without connecting, and never dropped:
// where one exists already the restore stops, and with psql -1 leaves everything (F8).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "archive/sql_file.h"
#include "archive/toc.h"

namespace archive {

using TextSink = std::function<void(std::string_view)>;

// Writes the parts in the order in which they stand in the file.
//
// The contents must outlive it.
class SqlScript {
 public:
  SqlScript(const Toc& toc, SqlFileOptions options, TextSink sink);

  void before_data();                          // head, drops, pre-data
  void data_statement(const TocEntry& entry);  // SEQUENCE SET and the like
  void after_data();  // post-data, privileges, refreshes and event triggers

 private:
  enum class Part { Nowhere, PreData, Data, PostData, Privileges, Last };

  Part part_of(const TocEntry& entry, Section section) const;
  void head();
  void drops();
  void refuse_unknown_partitions();
  void all_of(Part part);
  void entry(const TocEntry& entry);
  void definition(const TocEntry& entry);

  const Toc& toc_;
  SqlFileOptions options_;
  TextSink sink_;
  std::vector<Part> parts_;    // one for each entry
  std::string access_method_;  // the setting as the text has it so far
};

}  // namespace archive
