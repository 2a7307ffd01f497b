// What the archive tests share: small contents, and the archive that a real pg_dump 15 wrote.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "archive/toc.h"
#include "util/error.h"
#include "util/files.h"

namespace archive::testing {

inline const std::filesystem::path kPgDump15 =
    std::filesystem::path(PGBELAY_SOURCE_DIR) / "tests/golden/archives/pg_dump_15.dump";

inline std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string text_of(std::span<const std::byte> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

inline TocEntry special_entry(int id, std::string desc, std::string definition) {
  TocEntry entry;
  entry.dump_id = id;
  entry.tag = desc;
  entry.desc = std::move(desc);
  entry.section = Section::PreData;
  entry.definition = std::move(definition);
  return entry;
}

inline TocEntry data_entry(int id, const std::string& table) {
  TocEntry entry;
  entry.dump_id = id;
  entry.has_data = true;
  entry.object_oid = "16385";
  entry.tag = table;
  entry.desc = "TABLE DATA";
  entry.section = Section::Data;
  entry.copy = "COPY public." + table + " (id) FROM stdin;\n";
  entry.schema = "public";
  entry.owner = "postgres";
  entry.dependencies = {10};
  entry.offset_state = OffsetState::NotSet;
  return entry;
}

inline TocEntry large_objects_entry(int id) {
  TocEntry entry;
  entry.dump_id = id;
  entry.has_data = true;
  entry.tag = "BLOBS";
  entry.desc = "BLOBS";
  entry.section = Section::Data;
  entry.offset_state = OffsetState::NotSet;
  return entry;
}

// Tables `a` (20) and `b` (21), large objects (30).
inline Toc small_toc() {
  Toc toc;
  toc.created = {
      .second = 1, .minute = 2, .hour = 3, .day = 4, .month = 5, .year = 126, .is_dst = 0};
  toc.database = "club";
  toc.server_version = "15.18";
  toc.dumper_version = "15.18";
  toc.entries.push_back(special_entry(1, "ENCODING", "SET client_encoding = 'UTF8';\n"));
  TocEntry table = special_entry(10, "TABLE", "CREATE TABLE public.a (id int);\n");
  table.tag = "a";
  table.schema = "public";
  table.tablespace = "";
  table.table_access_method = "heap";
  table.drop = "DROP TABLE public.a;\n";
  toc.entries.push_back(table);
  toc.entries.push_back(data_entry(20, "a"));
  toc.entries.push_back(data_entry(21, "b"));
  toc.entries.push_back(large_objects_entry(30));
  return toc;
}

// The kind of the Error that `act` throws; Kind::Bug if it throws none.
template <typename Act>
util::Kind kind_of_failure(const Act& act) {
  try {
    act();
  } catch (const util::Error& error) {
    return error.kind();
  }
  return util::Kind::Bug;
}

inline void write_file(const std::filesystem::path& path, std::string_view text) {
  std::filesystem::remove(path);
  util::WriteFile file(path);
  file.write(text);
}

}  // namespace archive::testing
