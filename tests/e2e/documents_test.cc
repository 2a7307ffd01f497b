// The commands that the documents tell people to run, run: each fenced block of a page, in its
// order, by the shell, beside a server with the database that the page speaks of.
//
// Comments of a page that its readers do not see say what happens in between:
//   <!-- before: COMMAND -->   before the next block: the loss that it repairs
//   <!-- after: COMMAND -->    after the last block: fails unless it did what the page says
//   <!-- status: 8 -->         the last command of the next block ends with this
//   <!-- shown -->             the next block is only to be read
#include <gtest/gtest.h>

#include <fstream>

#include "support/run_binary.h"
#include "support/server.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using util::cat;

struct Step {
  enum class Kind { Before, Block, After } kind = Kind::Block;
  std::string text;
  std::size_t line = 0;
  int status = 0;
};

std::optional<std::string> comment(std::string_view line, std::string_view word) {
  const std::string begin = cat("<!-- ", word);
  if (!line.starts_with(begin) || !line.ends_with("-->")) return std::nullopt;
  line.remove_prefix(begin.size());
  line.remove_suffix(3);
  return std::string(util::trim(line));
}

std::vector<Step> steps_of(const std::string& page) {
  std::vector<Step> steps;
  std::optional<Step> block;
  bool shown = false;
  int status = 0;
  std::size_t number = 0;
  for (const std::string_view line : util::split(page, '\n')) {
    ++number;
    if (line.starts_with("```")) {
      if (!block) {
        block = Step{.line = number, .status = status};
      } else {
        if (!shown) steps.push_back(*block);
        block.reset();
        shown = false;
        status = 0;
      }
    } else if (block) {
      block->text += cat(line, "\n");
    } else if (const auto before = comment(line, "before:")) {
      steps.push_back({Step::Kind::Before, *before, number});
    } else if (const auto after = comment(line, "after:")) {
      steps.push_back({Step::Kind::After, *after, number});
    } else if (const auto wanted = comment(line, "status:")) {
      status = std::stoi(*wanted);
    } else if (comment(line, "shown")) {
      shown = true;
    }
  }
  return steps;
}

// What the pages speak of.
constexpr std::string_view kShop = R"sql(
  create schema app;
  create table app.members (id int primary key, email text not null, quota int, note text,
                            at timestamptz default now());
  insert into app.members select n, case n when 4711 then 'ann@example.org' else n || '@example.org' end,
         n % 7, case n % 3 when 0 then null when 1 then '' else E'line\nand \\ "more"' end
    from generate_series(1, 5000) n;
  create table app.events (id bigint generated always as identity, member int references app.members,
                           at date not null, primary key (id, at)) partition by range (at);
  create table app.events_2025 partition of app.events for values from ('2025-01-01') to ('2026-01-01');
  create table app.events_2026 partition of app.events for values from ('2026-01-01') to ('2027-01-01');
  insert into app.events (member, at) select 1 + n % 5000, date '2025-01-01' + n % 600 from generate_series(1, 3000) n;
  create view app.totals as select count(*) as n from app.members;
)sql";

class Documents : public test::ServerTest {
 protected:
  void SetUp() override {
    test::ServerTest::SetUp();
    if (IsSkipped()) return;
    server_.emplace();
    other_.emplace();
    server_->connect().execute("create database app");
    server_->connect("app").execute(kShop);
  }

  test::BinaryResult shell(const std::string& text) {
    const std::string programs =
        cat(std::filesystem::path(PGBELAY_RELEASE_BINARY).parent_path().string(), ":",
            test::server_bin_directory().string(), ":/usr/bin:/bin");
    const std::string here = cat("export PGHOST=", server_->server().socket_directory(),
                                 " PGPORT=", server_->server().port(), " PGUSER=postgres\n");
    return test::run_program(
        "/bin/bash", {.args = {"-euo", "pipefail", "-c", cat(here, text)},
                      .env = {cat("PATH=", programs), cat("DATABASE_URL=", server_->url("app")),
                              cat("NEW_URL=", other_->url("app"))},
                      .directory = folder_.path()});
  }

  void run_page(const std::string& name) {
    const std::string page = util::read_text(cat(PGBELAY_SOURCE_DIR, "/docs/", name));
    std::size_t blocks = 0;
    for (const Step& step : steps_of(page)) {
      const test::BinaryResult result = shell(step.text);
      ASSERT_EQ(result.status, step.status) << name << ":" << step.line << "\n"
                                            << step.text << "\n"
                                            << result.out << result.err;
      blocks += step.kind == Step::Kind::Block ? 1 : 0;
    }
    EXPECT_GT(blocks, 5U);
  }

  std::optional<test::TestServer> server_, other_;
  util::TempDir folder_{"pgbelay-documents-"};
};

TEST_F(Documents, RecoveryDoesWhatItSays) { run_page("recovery.md"); }

}  // namespace
