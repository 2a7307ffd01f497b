// The undo in small, with two empty databases, by the same code that would run in earnest.
#include <array>

#include "swap/swap.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"

namespace swap {
namespace {

using util::cat;
using util::printable;

struct Probe {
  std::string live, copy, kept;
};

// Drops whatever is left, on every way out.
class Cleanup {
 public:
  Cleanup(pg::Connection& maintenance, const Probe& probe)
      : maintenance_(maintenance), probe_(probe) {}
  // The first failure to drop, if there was one.
  std::string drop_all() {
    std::string failed;
    for (const std::string& name : {probe_.live, probe_.copy, probe_.kept}) {
      try {
        drop_side(maintenance_, name);
      } catch (const util::Error& failure) {
        if (failed.empty())
          failed = cat("database ", printable(name), " is left: ", failure.message());
      }
    }
    return failed;
  }

 private:
  pg::Connection& maintenance_;
  const Probe& probe_;
};

template <typename Work>
void step(std::string_view what, const Work& work) {
  try {
    work();
  } catch (const util::Error& failure) {
    if (failure.kind() == util::Kind::Interrupted) throw;
    throw util::Error(
        util::Kind::Preflight,
        cat("an undo could not be done by this role: it cannot ", what, ": ", failure.message()),
        {.hint = failure.hint().empty() ? "Let a role with the missing right run this."
                                        : failure.hint(),
         .sqlstate = failure.sqlstate()});
  }
}

// Through the very URL: access rules of server and pooler go by database names (S15).
void visit(const pg::ConnInfo& target, const std::string& name) {
  pg::Connection::open(target.with_database(name), "pgbelay").execute("select 1");
}

void rehearse_steps(pg::Connection& maintenance, const pg::ConnInfo& target, const Probe& probe,
                    const pg::DatabaseProperties& properties) {
  const std::string comment = "pgbelay: an empty database that tries out the undo; may be dropped";
  step(cat("create the database ", printable(probe.live)),
       [&] { create_side(maintenance, probe.live, properties, comment); });
  step("create a second database",
       [&] { create_side(maintenance, probe.copy, properties, comment); });
  util::fault::point("preflight.probed");
  step(cat("connect to the database ", printable(probe.live)), [&] { visit(target, probe.live); });
  step(cat("connect to the database ", printable(probe.copy)), [&] { visit(target, probe.copy); });
  step("set owner, grants and settings of a database", [&] {
    pg::apply_properties(maintenance, probe.live, properties, pg::CommentFrom::Database);
  });
  step("seal a database", [&] { seal(maintenance, probe.copy); });
  step("swap two databases", [&] {
    run(maintenance, {.live = probe.live,
                      .copy = probe.copy,
                      .kept = probe.kept,
                      .properties = properties,
                      .kept_comment = comment,
                      .fault_points = {}});
  });
}

}  // namespace

void rehearse(pg::Connection& maintenance, const pg::ConnInfo& target, const std::string& key,
              const pg::DatabaseProperties& properties) {
  const Probe probe{.live = side_name(target.database(), Purpose::Probe, key + "1"),
                    .copy = side_name(target.database(), Purpose::Probe, key + "2"),
                    .kept = side_name(target.database(), Purpose::Probe, key + "3")};
  Cleanup cleanup(maintenance, probe);
  try {
    rehearse_steps(maintenance, target, probe, properties);
  } catch (util::Error& failure) {
    if (const std::string left = cleanup.drop_all(); !left.empty()) failure.attach(left);
    throw;
  }
  step("drop a database", [&] {
    if (const std::string left = cleanup.drop_all(); !left.empty())
      throw util::Error(util::Kind::Query, left);
  });
}

}  // namespace swap
