#include "archive/manifest.h"

#include <gmock/gmock.h>

#include <limits>

#include "util/error.h"

namespace archive {
namespace {

using testing::HasSubstr;

std::string damage(std::string_view json) {
  try {
    manifest_from_json(json);
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Damage);
    return error.message();
  }
  return "no error";
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

// Every field differs from its default, and some are as odd as they get.
Manifest full() {
  Manifest manifest;
  manifest.name = "2026-11-20_143052_pre-migration";
  manifest.label = "pre-migration";
  manifest.run = "2026-11-20_143050_add-quotas";
  manifest.pgbelay_version = "0.1.0";
  manifest.pg_dump_version = "15.20";
  manifest.created_at = "2026-11-20T14:30:52.000Z";
  manifest.duration_s = 4.9;
  manifest.database = "app \"of\"\nus";
  manifest.source = "postgresql://app@db.example.org:5432/app";
  manifest.system_identifier = "7301234567890123456";
  manifest.server_version = "15.20";
  manifest.server_version_num = 150020;
  manifest.encoding = "UTF8";
  manifest.snapshot = "747:747:";
  manifest.archive_version = "1.14";
  manifest.formats = {"dump", "sql", "csv"};
  manifest.compression = {.method = codec::Method::Zstd, .level = 7};
  manifest.sql = {.owners = Include::Yes, .acls = Include::No};
  manifest.properties = {
      .owner = "app",
      .encoding = "UTF8",
      .locale_provider = "i",
      .collate = "C.UTF-8",
      .ctype = "de_DE.UTF-8",
      .icu_locale = "de-x-icu",
      .icu_rules = "&a < b",
      .tablespace = "fast",
      .connection_limit = 50,
      .is_template = true,
      .default_acl = false,
      .grants = {{.grantor = "app", .grantee = "", .privilege = "CONNECT", .grantable = true}},
      .settings = {{.role = "r", .name = "search_path", .value = "a, b"}},
      .comment = "it's ours",
      .security_labels = {{"selinux", "x"}}};
  manifest.extensions = {{.name = "pg_trgm", .version = "1.6", .schema = "public"}};
  TableRecord table{
      .schema = "s\xFF", .table = "tëst", .dump_id = 217, .columns = {"id", "a \"b\""}};
  table.filter = "WHERE id > 1000";
  table.fingerprint = {.rows = 3, .high = 0x0123456789ABCDEF, .low = 1};
  table.generated_columns = {"g"};
  table.generated = {.rows = 3, .high = 9, .low = 0xFFFFFFFFFFFFFFFF};
  table.raw_bytes = std::numeric_limits<std::uint64_t>::max();
  table.csv_file = "csv/s.t.csv.gz";
  table.csv_raw_bytes = 12;
  table.pieces = {{.rows = 2,
                   .raw_bytes = 8,
                   .deflated_bytes = 6,
                   .dump_offset = 10,
                   .sql_offset = 11,
                   .crc32 = 0xFFFFFFFF},
                  {.rows = 1}};
  manifest.tables = {table, TableRecord{.schema = "public", .table = "zero", .dump_id = 5}};
  manifest.sequences = {{"s", "q", std::numeric_limits<std::int64_t>::min(), true},
                        {"s", "r", 7, false}};
  manifest.large_objects = {{.oid = 4294967295U,
                             .owner = "o",
                             .acl = "{o=rw/o}",
                             .comment = "c",
                             .bytes = 5,
                             .sha256 = "ab"}};
  manifest.materialized_views = {{.schema = "s",
                                  .name = "mv",
                                  .populated = true,
                                  .columns = {"x"},
                                  .fingerprint = {.rows = 1, .high = 2, .low = 3}}};
  manifest.objects = {{.type = "table", .identity = "s.t"}, {.type = "view", .identity = "s.v"}};
  manifest.has_public_schema = false;
  manifest.has_plpgsql = false;
  manifest.applied_migrations = {"001", "002"};
  manifest.files = {{.name = "full_backup.dump",
                     .bytes = 100,
                     .sha256 = std::string(64, 'a'),
                     .description = "archive"},
                    {.name = "csv/s.t.csv.gz", .bytes = 23, .sha256 = std::string(64, 'b')}};
  return manifest;
}

TEST(Manifest, SurvivesARoundTrip) {
  const std::string json = to_json(full());
  const Manifest read = manifest_from_json(json);
  EXPECT_EQ(to_json(read), json);
  ASSERT_TRUE(read.compression);
  EXPECT_EQ(read.compression->method, codec::Method::Zstd);
  EXPECT_EQ(read.compression->level, 7);
  EXPECT_EQ(read.tables[0].schema, "s\xFF");
  EXPECT_EQ(read.tables[0].columns, full().tables[0].columns);
  EXPECT_EQ(read.tables[0].fingerprint, full().tables[0].fingerprint);
  EXPECT_EQ(read.tables[0].generated, full().tables[0].generated);
  EXPECT_EQ(read.tables[0].raw_bytes, std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read.tables[0].pieces[0].sql_offset, 11U);
  EXPECT_TRUE(read.tables[1].generated_columns.empty());
  EXPECT_EQ(read.sequences[0].last_value, std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read.large_objects[0].oid, 4294967295U);
  EXPECT_EQ(read.properties.grants[0].grantable, true);
  EXPECT_EQ(read.sql.owners, Include::Yes);
  EXPECT_EQ(read.objects, full().objects);
  EXPECT_EQ(read.rows(), 3U);
  EXPECT_EQ(read.bytes(), 123U);
}

TEST(Manifest, HoldsTheWholeFingerprint) {  // K13
  const std::string json = to_json(full());
  EXPECT_THAT(json, HasSubstr("\"algorithm\": \"xxh3-128-sum/1\""));
  EXPECT_THAT(json, HasSubstr("\"value\": \"0123456789abcdef0000000000000001\""));
}

TEST(Manifest, WritesWhatIsNotUtf8AsHexadecimal) {
  EXPECT_THAT(to_json(full()), HasSubstr("\"hex\": \"73ff\""));
}

TEST(Manifest, IgnoresWhatALaterVersionAdds) {  // K11
  EXPECT_NO_THROW(manifest_from_json(
      replaced(to_json(full()), "\"format\": 1,", "\"format\": 1, \"later\": [1],")));
}

TEST(Manifest, ReadsOneThatDoesNotSayHowItIsCompressed) {  // K11
  Manifest manifest = full();
  manifest.compression.reset();
  const std::string json = to_json(manifest);
  EXPECT_EQ(json.find("compression"), std::string::npos);
  EXPECT_FALSE(manifest_from_json(json).compression);
}

TEST(Manifest, RefusesANewerFormatAsUsage) {  // K11
  try {
    manifest_from_json("{\"format\": 2}");
    FAIL();
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Usage);
    EXPECT_THAT(error.message(), HasSubstr("made by a newer pgbelay"));
  }
}

TEST(Manifest, NamesTheFieldThatIsDamaged) {
  const std::string json = to_json(full());
  EXPECT_EQ(damage(json.substr(0, json.size() / 2)).substr(0, 30),
            "manifest.json: not JSON from b");
  EXPECT_EQ(damage("[]"), "manifest.json: not a JSON object");
  EXPECT_EQ(damage("{}"), "manifest.json: field \"format\" is missing");
  EXPECT_EQ(damage(replaced(json, "\"dump_id\": 217", "\"dump_id\": \"x\"")),
            "manifest.json: field \"tables[0].dump_id\" is not a whole number");
  EXPECT_EQ(damage(replaced(json, "\"rows\": 2,", "\"rows\": -2,")),
            "manifest.json: field \"tables[0].pieces[0].rows\" is not a number from 0 on");
  EXPECT_EQ(damage(replaced(json, "0123456789abcdef", "x")),
            "manifest.json: field \"tables[0].fingerprint.value\" is not 32 hexadecimal digits");
  EXPECT_EQ(damage(replaced(json, "18446744073709551615", "18446744073709551616")),
            "manifest.json: field \"tables[0].raw_bytes\" is not a number from 0 on");
  EXPECT_EQ(damage(replaced(json, "\"hex\": \"73ff\"", "\"hex\": \"7\"")),
            "manifest.json: field \"tables[0].schema\" is not a text");
}

TEST(ManifestText, TellsHowToRestoreWithAndWithoutUs) {  // S16
  const std::string text = to_text(full());
  EXPECT_THAT(text, HasSubstr("pgbelay restore 2026-11-20_143052_pre-migration"));
  EXPECT_THAT(text, HasSubstr("pg_restore --exit-on-error -j 4 -d NEW full_backup.dump"));
  EXPECT_THAT(
      text,
      HasSubstr(" NEW && gunzip -c full_backup.sql.gz | psql -X -1 -v ON_ERROR_STOP=1 -d NEW\n"));
  EXPECT_THAT(text, HasSubstr("owners and no privileges"));
  EXPECT_THAT(text, HasSubstr("postgresql://app@db.example.org:5432/app"));
  EXPECT_THAT(text, HasSubstr("sha256sum -c SHA256SUMS"));
}

TEST(ManifestText, NamesTheOldestPgRestoreThatReadsTheArchive) {
  Manifest manifest = full();
  EXPECT_THAT(to_text(manifest),
              HasSubstr("With pg_restore, in this folder (version 12 or later)"));
  manifest.archive_version = "1.16";
  EXPECT_THAT(to_text(manifest), HasSubstr("(version 17 or later)"));
}

TEST(ManifestText, QuotesForTheShellAndForSql) {
  Manifest manifest = full();
  manifest.tables = {TableRecord{
      .schema = "it's", .table = "a b", .columns = {"c"}, .csv_file = "csv/it's.a b.csv.gz"}};
  EXPECT_THAT(
      to_text(manifest),
      HasSubstr("gunzip -c 'csv/it'\\''s.a b.csv.gz' | PGCLIENTENCODING=UTF8 psql -X -d NEW -c "
                "'\\copy \"it'\\''s\".\"a b\" (\"c\") from pstdin csv header'"));
}

TEST(ManifestText, ANameCannotForgeALine) {  // M9
  Manifest manifest = full();
  manifest.tables[0].table = "x\nIs it whole? yes";
  EXPECT_THAT(to_text(manifest), testing::Not(HasSubstr("\nIs it whole? yes")));
}

TEST(Sums, SurviveNamesWithLineEndsAndBackslashes) {  // K11
  const std::vector<FileRecord> files{{.name = "full_backup.dump", .sha256 = std::string(64, 'a')},
                                      {.name = "c\\d\ne\rf", .sha256 = std::string(64, 'b')},
                                      {.name = " lead*", .sha256 = std::string(64, 'c')}};
  const std::string text = sha256sums(files);
  EXPECT_EQ(text, std::string(64, 'a') + "  full_backup.dump\n\\" + std::string(64, 'b') +
                      "  c\\\\d\\ne\\rf\n" + std::string(64, 'c') + "   lead*\n");
  const std::vector<SumLine> lines = parse_sha256sums(text);
  ASSERT_EQ(lines.size(), files.size());
  for (std::size_t n = 0; n < lines.size(); ++n) {
    EXPECT_EQ(lines[n].name, files[n].name);
    EXPECT_EQ(lines[n].sha256, files[n].sha256);
  }
}

TEST(Sums, ADamagedLineIsNamed) {
  const std::string good = std::string(64, 'a') + "  x\n";
  for (const std::string& bad :
       {std::string("x\n"), std::string(64, 'A') + "  x\n", std::string(64, 'a') + "  x",
        "\\" + std::string(64, 'a') + "  x\\q\n", std::string(64, 'a') + "  \n",
        std::string("\n")}) {
    try {
      parse_sha256sums(good + bad);
      ADD_FAILURE() << bad;
    } catch (const util::Error& error) {
      EXPECT_EQ(error.kind(), util::Kind::Damage);
      EXPECT_EQ(error.message(), "SHA256SUMS: line 2 is not a sum and a file name");
    }
  }
  EXPECT_TRUE(parse_sha256sums("").empty());
}

}  // namespace
}  // namespace archive
