#include "dump/pg_dump_program.h"

#include <gmock/gmock.h>

#include <fstream>

#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace dump {
namespace {

namespace fs = std::filesystem;

// A program that answers --version with `answer`.
fs::path program(const util::TempDir& folder, std::string_view answer) {
  const fs::path path = folder.path() / "pg_dump";
  std::ofstream(path) << "#!/bin/sh\necho '" << answer << "'\n";
  fs::permissions(path, fs::perms::owner_all);
  return path;
}

TEST(FindPgDump, AsksTheConfiguredOneForItsVersion) {
  const util::TempDir folder("pg-dump-");
  const fs::path path = program(folder, "pg_dump (PostgreSQL) 17.6 (Debian 17.6-1)");
  const PgDumpProgram found = find_pg_dump(15, path);
  EXPECT_EQ(found.path, path);
  EXPECT_EQ(found.major, 17);
  EXPECT_EQ(found.version, "17.6");
}

TEST(FindPgDump, ReadsVersionsThatAreNotReleases) {
  const util::TempDir folder("pg-dump-");
  EXPECT_EQ(find_pg_dump(15, program(folder, "pg_dump (PostgreSQL) 19rc1")).major, 19);
}

TEST(FindPgDump, RefusesAConfiguredOneThatIsTooOld) {
  const util::TempDir folder("pg-dump-");
  const fs::path path = program(folder, "pg_dump (PostgreSQL) 13.2");
  try {
    find_pg_dump(15, path);
    FAIL() << "accepted";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Preflight);
    EXPECT_THAT(failure.message(), testing::HasSubstr("13.2"));
    EXPECT_THAT(failure.message(), testing::HasSubstr(path.string()));
    EXPECT_THAT(failure.hint(), testing::HasSubstr("postgresql-client-15"));
  }
}

TEST(FindPgDump, RefusesWhatIsNoPgDump) {
  const util::TempDir folder("pg-dump-");
  for (const fs::path& path :
       {program(folder, "psql (PostgreSQL) 15.2"), fs::path("/nonexistent/pg_dump")}) {
    try {
      find_pg_dump(15, path);
      FAIL() << path;
    } catch (const util::Error& failure) {
      EXPECT_EQ(failure.kind(), util::Kind::Usage);
      EXPECT_THAT(failure.message(), testing::HasSubstr(path.string()));
    }
  }
}

TEST(ChoosePgDump, ReadsTheCataloguesWhereNothingFits) {
  EXPECT_FALSE(choose_pg_dump(99, SchemaFrom::Auto, {}));
  EXPECT_FALSE(choose_pg_dump(13, SchemaFrom::Catalog, {}));
  EXPECT_THROW(choose_pg_dump(99, SchemaFrom::PgDump, {}), util::Error);
}

TEST(ChoosePgDump, NeverPassesOverOneThatIsNamed) {
  const util::TempDir folder("pg-dump-");
  EXPECT_THROW(choose_pg_dump(15, SchemaFrom::Auto, program(folder, "pg_dump (PostgreSQL) 13.2")),
               util::Error);
  EXPECT_EQ(choose_pg_dump(15, SchemaFrom::Auto, program(folder, "pg_dump (PostgreSQL) 16.1"))
                .value()
                .major,
            16);
}

TEST(FindPgDump, SaysWhatThereIsWhenNothingFits) {
  try {
    find_pg_dump(99, {});
    FAIL() << "accepted";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Preflight);
    EXPECT_THAT(failure.message(), testing::HasSubstr("PostgreSQL 99"));
  }
}

}  // namespace
}  // namespace dump
