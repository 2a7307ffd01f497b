// kill -9 at every point, under every way of proving, holding and undoing, with and without a crash
// of the server afterwards, and brought to order by each of the commands that do: the database is
// in the state that this command promises, the next run works, nothing is left. A sample runs with
// all tests: every third point, with another of the eight endings each. PGBELAY_FAULTS=all (make
// test-faults) runs the whole.
#include <tuple>

#include "crash_content.h"
#include "fault_test.h"
#include "support/own_temporaries.h"

namespace {

using test::BinaryResult;
using util::cat;

enum class Then { Nothing, ServerCrash };
enum class By { Undo, Resume, Close, NextRun };

// How far the run had come: what each command makes of it follows from that alone.
enum class Reached {
  Prepared,   // the migration had not begun
  Migrating,  // it had, and nobody knows how it ended
  Migrated,   // and had ended well
  Apart,      // --blue-green: the copy was migrated, the database was not
  Serving,    // --blue-green: the migrated copy serves
  Released,   // a success, being tidied up
  Undoing,    // the undo had begun
  Undone,     // and the old state is back
};

enum class Migration { Good, Failing };
struct Step {
  std::string point;
  Reached reached;
  Migration migration = Migration::Failing;
};

enum class Kind { Ordinary, InPlace, BlueGreen, Late, LateInPlace };
struct Way {
  std::string name;
  std::vector<std::string> options;
  std::vector<Step> steps;
  Kind kind = Kind::Ordinary;
  bool catches_up = false;  // a hook writes between the proof and the hold

  bool late() const { return kind == Kind::Late || kind == Kind::LateInPlace; }
  bool in_place() const { return kind == Kind::InPlace || kind == Kind::LateInPlace; }
};

std::vector<Step> prepared(std::initializer_list<const char*> points) {
  std::vector<Step> steps;
  for (const char* const point : points) steps.push_back({point, Reached::Prepared});
  return steps;
}

const std::vector<Step> kBeforeTheGate =
    prepared({"run.journalled", "backup.data", "run.backed_up", "proof.created", "proof.loaded",
              "proof.compared", "proof.sealed", "run.proven", "run.gate"});
const std::vector<Step> kAtTheGate = prepared({"run.proven", "run.gate"});
const std::vector<Step> kMigration{{"run.migrating", Reached::Migrating},
                                   {"run.migrated", Reached::Migrating},
                                   {"run.checked", Reached::Migrated, Migration::Good},
                                   {"run.releasing", Reached::Released, Migration::Good},
                                   {"run.released", Reached::Released, Migration::Good}};
const std::vector<Step> kUndo{{"undo.begin", Reached::Undoing},
                              {"undo.closed", Reached::Undoing},
                              {"undo.before_rename", Reached::Undoing},
                              {"undo.swapped", Reached::Undone},
                              {"undo.before_end", Reached::Undone}};
const std::vector<Step> kGreen{{"run.migrating", Reached::Apart},
                               {"run.migrated", Reached::Apart},
                               {"run.checked", Reached::Apart, Migration::Good},
                               {"forward.judged", Reached::Apart, Migration::Good},
                               {"forward.closed", Reached::Apart, Migration::Good},
                               {"forward.before_rename", Reached::Apart, Migration::Good},
                               {"forward.swapped", Reached::Serving, Migration::Good},
                               {"forward.kept", Reached::Serving, Migration::Good},
                               {"run.releasing", Reached::Released, Migration::Good},
                               {"run.released", Reached::Released, Migration::Good}};
const std::vector<Step> kNameBack{{"exclusive.returning", Reached::Undoing},
                                  {"exclusive.returned", Reached::Undoing},
                                  {"exclusive.returning", Reached::Released, Migration::Good},
                                  {"exclusive.returned", Reached::Released, Migration::Good}};

std::vector<Step> together(std::initializer_list<std::vector<Step>> lists) {
  std::vector<Step> out;
  for (const std::vector<Step>& list : lists) out.insert(out.end(), list.begin(), list.end());
  return out;
}

const std::vector<Way> kWays{
    {.name = "copy", .options = {}, .steps = together({kBeforeTheGate, kMigration, kUndo})},
    {.name = "local",
     .options = {"--proof-at", "local"},
     .steps = together({kBeforeTheGate, kMigration, kUndo})},
    {.name = "read_back",
     .options = {"--proof", "read-back"},
     .steps = together({kAtTheGate, kMigration, kUndo})},
    {.name = "clone",
     .options = {"--undo", "clone", "--proof", "read-back"},
     .steps = together({kAtTheGate, prepared({"clone.made"}), kMigration, kUndo})},
    {.name = "replace",
     .options = {"--undo", "replace", "--proof", "read-back"},
     .steps = together({kAtTheGate, kMigration, kUndo}),
     .kind = Kind::InPlace},
    {.name = "rehearsal",
     .options = {"--rehearse"},
     .steps = prepared({"rehearsal.cloned", "rehearsal.migrated", "rehearsal.dropped"})},
    {.name = "hold",
     .options = {"--hold", "read-only"},
     .steps = together({kAtTheGate,
                        prepared({"hold.marked", "hold.begun", "hold.copy_open", "hold.caught_up"}),
                        kMigration, kUndo}),
     .catches_up = true},
    {.name = "exclusive",
     .options = {"--hold", "exclusive"},
     .steps = together({kAtTheGate,
                        prepared({"hold.marked", "exclusive.closed", "exclusive.renamed",
                                  "hold.begun", "hold.copy_open", "hold.caught_up"}),
                        kMigration, kUndo, kNameBack}),
     .catches_up = true},
    {.name = "blue_green",
     .options = {"--blue-green", "--hold", "read-only"},
     .steps =
         together({kAtTheGate, prepared({"hold.begun", "hold.caught_up", "green.open"}), kGreen}),
     .kind = Kind::BlueGreen,
     .catches_up = true},
    {.name = "late", .options = {}, .steps = kUndo, .kind = Kind::Late},
    {.name = "late_in_place",
     .options = {"--undo", "replace", "--proof", "read-back"},
     .steps = kUndo,
     .kind = Kind::LateInPlace},
};

using Case = std::tuple<std::size_t, std::size_t, Then, By>;  // way, step
constexpr std::array kThen{Then::Nothing, Then::ServerCrash};
constexpr std::array kBy{By::Undo, By::Resume, By::Close, By::NextRun};

const Step& step_of(const Case& one) { return kWays[std::get<0>(one)].steps[std::get<1>(one)]; }

std::vector<Case> whole() {
  std::vector<Case> out;
  for (std::size_t way = 0; way < kWays.size(); ++way) {
    for (std::size_t step = 0; step < kWays[way].steps.size(); ++step) {
      for (const Then then : kThen) {
        for (const By by : kBy) out.emplace_back(way, step, then, by);
      }
    }
  }
  return out;
}

// An undo in place around its COMMIT, with a server that has died too: what the whole is most
// about.
bool always(const Case& one) {
  const auto& [way, step, then, by] = one;
  const std::string& point = step_of(one).point;
  return kWays[way].kind == Kind::InPlace && then == Then::ServerCrash && by == By::Undo &&
         (point == "undo.before_rename" || point == "undo.swapped");
}

std::vector<Case> cases() {
  std::vector<Case> all = whole();
  if (test::all_asked_for()) return all;
  constexpr std::size_t kEndings = kThen.size() * kBy.size(), kEvery = 3;
  std::vector<Case> sample;
  for (std::size_t n = 0; n < all.size(); ++n) {
    const std::size_t pair = n / kEndings, ending = n % kEndings;
    if ((pair % kEvery == 0 && ending == pair / kEvery % kEndings) || always(all[n]))
      sample.push_back(all[n]);
  }
  return sample;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  constexpr std::array kByName{"undo", "resume", "close", "next_run"};
  const auto& [way, step, then, by] = info.param;
  const Step& at = step_of(info.param);
  return cat(kWays[way].name, "_", util::replace_all(at.point, ".", "_"),
             at.migration == Migration::Good ? "_good" : "",
             then == Then::ServerCrash ? "_server_crash" : "", "_by_",
             kByName.at(static_cast<std::size_t>(by)));
}

constexpr const char* kHookWrites =
    "update customers set name = 'between' where id = 7; delete from orders where id = 2999";
constexpr const char* kHookNeverWas =
    "update customers set name = 'c7' where id = 7;"
    "insert into orders (id, customer, total) values (2999, 500, 2999)";

class Killed : public test::GuardedTest, public testing::WithParamInterface<Case> {
 protected:
  Killed() : GuardedTest(test::Binary::Dev, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    temporaries_.emplace();
    fill();
    before_ = content();
    if (!way().catches_up) return;
    database().connect().execute(kHookWrites);
    if (hook_had_run()) before_ = content();
    database().connect().execute(kHookNeverWas);
  }

  static const Way& way() { return kWays[std::get<0>(GetParam())]; }
  static const Step& at() { return step_of(GetParam()); }
  static By by() { return std::get<By>(GetParam()); }
  static bool crashed() { return std::get<Then>(GetParam()) == Then::ServerCrash; }
  static bool hook_had_run() {
    return at().reached != Reached::Prepared || at().point != "run.proven";
  }

  // The run, or the late undo of one that succeeded, dies at the point; then perhaps the server.
  void die() {
    std::vector<std::string> args{"undo", "psql", "--yes", "--on-foreign-writes", "undo"};
    if (way().late()) {
      const BinaryResult good = run(migrate(Migration::Good, {"--keep-undo", "1h"}));
      ASSERT_EQ(good.status, 0) << good.err;
    } else {
      args = migrate(at().migration);
    }
    const BinaryResult dead = run(std::move(args), {cat("PGBELAY_FAULT=", at().point, "=kill")});
    ASSERT_EQ(dead.signal, SIGKILL) << "the point was not reached: " << dead.out << dead.err;
    if (!crashed()) return;
    server().server().stop(pg::PrivateServer::Stop::Immediate);
    server().server().start();
  }
  static std::vector<std::string> migrate(Migration migration,
                                          const std::vector<std::string>& more = {}) {
    std::vector<std::string> args{"migrate", "--yes"};
    args.insert(args.end(), way().options.begin(), way().options.end());
    args.insert(args.end(), more.begin(), more.end());
    if (way().catches_up)
      args.insert(args.end(), {"--before-hold",
                               cat("psql -X -q -d \"$DATABASE_URL\" -c \"", kHookWrites, "\"")});
    const auto& command = migration == Migration::Good ? test::kGood : test::kFailing;
    args.insert(args.end(), command.begin() + 2, command.end());
    return args;
  }

  // An unfinished run is told, and how the database is called meanwhile.
  void expect_told() {
    const BinaryResult status = run({"status"});
    EXPECT_EQ(status.status, 4) << status.out << status.err;
    for (const std::string& held : sides("held")) {
      EXPECT_NE(status.out.find(cat("the database is called ", held)), std::string::npos)
          << status.out;
    }
  }

  int settled_by_undo() {
    const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
    EXPECT_EQ(undone.status, at().reached == Reached::Released ? 2 : 0) << undone.err;
    return undone.status;
  }
  void settle_by_resume() {
    const BinaryResult resumed = run({"resume", "psql", "--yes", "--on-foreign-writes", "undo"});
    EXPECT_EQ(resumed.status, expected_of_resume()) << resumed.err;
    if (way().late()) settled_by_undo();
  }
  static int expected_of_resume() {
    if (way().late()) return 2;  // its run has succeeded
    switch (at().reached) {
      case Reached::Prepared:
        return 1;
      case Reached::Migrated:
      case Reached::Serving:
      case Reached::Released:
        return 0;
      default:
        return 3;
    }
  }
  void settle_by_next_run() {
    if (at().reached == Reached::Prepared) return expect_next_run_works();
    const BinaryResult next = run(migrate(Migration::Good));
    EXPECT_EQ(next.status, 4) << next.err;
    EXPECT_NE(next.err.find("pgbelay undo"), std::string::npos) << next.err;
    settled_by_undo();
  }
  void settle() {
    switch (by()) {
      case By::Undo:
        settled_by_undo();
        return;
      case By::Resume:
        return settle_by_resume();
      case By::Close: {
        const BinaryResult closed = run({"close", "psql", "--yes"});
        EXPECT_EQ(closed.status, 0) << closed.err;
        return;
      }
      case By::NextRun:
        return settle_by_next_run();
    }
  }

  // What the command that brought order promises.
  static std::string_view expected_state() {
    constexpr std::string_view kOld = "old", kNew = "new", kFailed = "failed";
    const bool left = by() == By::Close, resumed = by() == By::Resume && !way().late();
    switch (at().reached) {
      case Reached::Prepared:
      case Reached::Apart:
      case Reached::Undone:
        return kOld;
      case Reached::Migrating:  // at the first of both points it had not executed anything yet
        return left && at().point == "run.migrated" ? kFailed : kOld;
      case Reached::Undoing:
        return !left ? kOld : way().late() ? kNew : kFailed;
      case Reached::Migrated:
      case Reached::Serving:
        return left || resumed ? kNew : kOld;
      case Reached::Released:
        return kNew;
    }
    return kOld;
  }
  std::string state() {
    const std::string columns = query(
        "select coalesce(string_agg(attname, ' ' order by attname), '') from pg_attribute "
        "where attrelid = 'orders'::regclass and attname in ('note', 'extra')");
    return columns == "note" ? "old" : columns == "extra note" ? "new" : "failed";
  }
  // The copy serves: nobody has drawn from its sequences.
  static bool swapped_back() {
    const bool swaps = !way().in_place() && way().kind != Kind::BlueGreen;
    const bool ran = at().reached != Reached::Prepared;
    return swaps && ran && by() != By::Close;
  }
  void expect_promised_state() {
    EXPECT_EQ(state(), expected_state());
    if (expected_state() != "old") return;
    if (crashed() && !swapped_back()) {
      test::expect_content_after_crash(before_, content());
    } else {
      EXPECT_EQ(content(), before_);
    }
  }
  void expect_next_run_works() {
    const BinaryResult next = run(
        {"migrate", "--yes", "--", "psql", "-X", "-q", "-c", "create table made_later (i int)"});
    EXPECT_EQ(next.status, 0) << next.err;
    database().connect().execute("drop table made_later");
  }
  std::vector<std::string> private_servers() const { return temporaries_->left("pgbelay-proof-"); }

 private:
  std::optional<test::OwnTemporaries> temporaries_;
  std::string before_;
};

TEST_P(Killed, LeavesWhatEachCommandPromises) {
  die();
  if (HasFatalFailure()) return;
  expect_told();
  settle();
  expect_promised_state();
  EXPECT_EQ(run({"status"}).status, 0) << "nothing is unfinished";
  EXPECT_THAT(sides("replaced"), testing::IsEmpty());
  expect_next_run_works();
  expect_nothing_left_behind();
  EXPECT_THAT(private_servers(), testing::IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(Points, Killed, testing::ValuesIn(cases()), case_name);

}  // namespace
