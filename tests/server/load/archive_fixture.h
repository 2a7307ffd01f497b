// Archives made by the stock pg_dump, and what databases hold as its text.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "archive/custom_file.h"
#include "load/load.h"
#include "support/server.h"
#include "util/files.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace load {

class ArchiveTest : public test::ServerTest {
 protected:
  static std::string program(std::string_view name) {
    return (test::server_bin_directory() / name).string();
  }

  static std::string run_program(std::vector<std::string> argv) {
    const util::Captured ran = util::capture({.argv = std::move(argv)}, {}, 64U << 20U);
    EXPECT_EQ(ran.ended.status, 0) << ran.err;
    return ran.out;
  }

  std::filesystem::path dump(const test::TestDatabase& source) {
    const std::filesystem::path file = folder_.path() / (source.name() + ".dump");
    run_program({program("pg_dump"), "-Fc", "-f", file.string(), "-d", source.url()});
    return file;
  }

  // Everything pg_dump can see, without the lines that differ each time.
  static std::string text_of(const test::TestDatabase& database) {
    const std::string text = run_program({program("pg_dump"), "-d", database.url()});
    std::string out;
    for (const std::string_view line : util::split(text, '\n')) {
      if (line.starts_with("\\restrict") || line.starts_with("\\unrestrict")) continue;
      out += util::cat(line, '\n');
    }
    return out;
  }

  static Options options_for(const test::TestDatabase& target) {
    return {.target = target.conninfo(), .application_name = "pgbelay-test", .jobs = 3};
  }

  static Report restore(const std::filesystem::path& file, const Options& options) {
    const archive::CustomFileReader archive(file);
    util::QuietReporter quiet;
    return run(archive, options, quiet, {});
  }

  util::TempDir folder_{"pgbelay-load-test-"};
};

}  // namespace load
