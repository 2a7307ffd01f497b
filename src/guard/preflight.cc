#include "guard/preflight.h"

#include <sys/statfs.h>
#include <unistd.h>

#include <algorithm>

#include "dump/pg_dump_program.h"
#include "guard/foreign.h"
#include "guard/hold.h"
#include "guard/space.h"
#include "guard/sql_guard.h"
#include "guard/sql_preflight.h"
#include "guard/standby.h"
#include "pg/server_facts.h"
#include "pg/session.h"
#include "swap/sessions.h"
#include "swap/swap.h"
#include "util/files.h"
#include "util/text.h"
#include "util/units.h"
#include "verify/verify.h"

namespace guard {
namespace {

using util::cat;
using util::Kind;

constexpr int kOldestMajor = 13;

Line pass(std::string subject, std::string text) {
  return {.verdict = Verdict::Pass, .subject = std::move(subject), .text = std::move(text)};
}
Line warn(std::string subject, std::string text, std::string remedy) {
  return {.verdict = Verdict::Warn,
          .subject = std::move(subject),
          .text = std::move(text),
          .remedy = std::move(remedy)};
}
Line fail(std::string subject, std::string text, std::string remedy, Kind kind = Kind::Preflight) {
  return {.verdict = Verdict::Fail,
          .subject = std::move(subject),
          .text = std::move(text),
          .remedy = std::move(remedy),
          .kind = kind};
}

// A question that could not even be asked is a failed line, so that doctor shows all the others
// too.
template <typename Ask>
void ask(std::vector<Line>& lines, std::string_view subject, const Ask& question) {
  try {
    question();
  } catch (const util::Error& error) {
    if (error.kind() == Kind::Interrupted || error.kind() == Kind::Connect) throw;
    lines.push_back(fail(std::string(subject), error.message(), error.hint(), error.kind()));
  }
}

Line server_line(const pg::ServerFacts& facts) {
  const std::string text = cat("PostgreSQL ", facts.version_text);
  if (facts.version / 10000 < kOldestMajor) {
    return fail("server", text + " is too old",
                cat("pgbelay needs PostgreSQL ", kOldestMajor, " or later."));
  }
  if (facts.in_recovery) {
    return fail("server", text + " is a standby, in recovery",
                "Name the primary server in the URL.");
  }
  return pass("server", text);
}

void privilege_lines(std::vector<Line>& lines, pg::Connection& live,
                     const PreflightOptions& options) {
  const pg::RoleFacts role = pg::role_facts(live);
  const std::string who = cat("role ", util::printable(role.name));
  if (options.undo == Undo::Replace) {
    lines.push_back(role.database_owner || role.superuser
                        ? pass("privileges", role.superuser ? who + " is a superuser"
                                                            : who + " owns the database")
                        : fail("privileges", who + " does not own the database",
                               "Run as the owner of the database or a member of that role.",
                               Kind::Privilege));
  } else if (options.needs_copy && !role.createdb && !role.superuser) {
    lines.push_back(
        fail("privileges", who + " lacks CREATEDB, which the copy for proof and undo needs",
             cat("Let a superuser say: ALTER ROLE ", role.name, " CREATEDB;"), Kind::Privilege));
  } else if (options.needs_copy && !role.database_owner && !role.superuser) {
    lines.push_back(fail("privileges", who + " does not own the database, so it could not swap it",
                         "Run as the owner of the database or a member of that role.",
                         Kind::Privilege));
  } else {
    lines.push_back(pass("privileges", role.superuser ? who + " is a superuser"
                                                      : who + " owns the database, CREATEDB"));
  }
  if (options.hold == Hold::Exclusive && !role.createdb && !role.superuser) {
    lines.push_back(fail("hold",
                         who + " may not rename the database for an exclusive hold (no CREATEDB)",
                         cat("Choose --hold read-only, or let a superuser say: ALTER ROLE ",
                             role.name, " CREATEDB;"),
                         Kind::Privilege));
  }
  if (const std::vector<std::string> tables = unreadable_tables(live); !tables.empty()) {
    lines.push_back(fail("privileges", cat(who, " may not read ", named(tables)),
                         "Grant SELECT (and USAGE on the schema), or run as the owner.",
                         Kind::Privilege));
  }
  if (!options.needs_copy || !options.restores_here) return;
  if (const std::vector<std::string> objects = unrestorable_objects(live); !objects.empty()) {
    lines.push_back(fail("privileges",
                         cat(who, " could not make again what a copy needs: ", named(objects)),
                         "Run as a role that may, remove what is not needed, or have the server "
                         "copy it: --undo clone with --proof read-back or --proof-at.",
                         Kind::Privilege));
  }
}

// How the undo will be made. With replace, nothing is made beside the database: the proof needs
// another place (S4), and everything must be this role's to drop and to make again (S5).
UndoChoice choose(Preflight& out, PreflightOptions& options, pg::Connection& live,
                  const std::string& application, const std::stop_token& stop) {
  const WaysQuestion question{.database = options.database,
                              .maintenance_db = options.maintenance_db,
                              .application = application,
                              .proof = options.proof,
                              .proof_at = options.proof_at};
  if (options.all_ways)
    out.ways = undo_ways(live, question, Ways::All, stop);
  else if (options.undo == Undo::Auto)
    out.ways = undo_ways(live, question, Ways::UntilPossible, stop);
  const UndoChoice choice = choose_undo(options.undo, pg::role_facts(live), out.ways);
  out.undo = options.undo = choice.undo;
  out.undo_why = choice.why;
  out.proof_at = options.proof_at;
  if (choice.undo != Undo::Replace) return choice;
  options.needs_copy = options.copy_when_needed = false;
  const int major = live.server_major();
  out.proof_at = options.proof_at = replace_proof_at(options.proof_at, options.proof, major);
  if (options.proof < archive::Level::Restored) return choice;
  if (!out.proof_at.empty()) {
    out.lines.push_back(pass("proof", out.proof_at == "local"
                                          ? "on a private server here (--proof-at local)"
                                          : "at another server (--proof-at)"));
    return choice;
  }
  out.lines.push_back(fail(
      "proof",
      cat("a proof that restores has no place: ", choice.why, ", and no PostgreSQL ", major,
          " is installed here"),
      cat("Install its server here (Debian: apt install postgresql-", major,
          ") for --proof-at local, name another one with --proof-at URL, or step down knowingly: "
          "--proof read-back."),
      Kind::Proof));
  return choice;
}

// Last: the lines before it say what each way would need.
void no_way_line(std::vector<Line>& lines, const std::string& no_way) {
  if (no_way.empty()) return;
  lines.push_back(fail(
      "undo", cat("a failed migration could not be undone (", no_way, ")"),
      "Take away what is listed, or run as a role that may. Or choose: --undo clone with --proof "
      "read-back or --proof-at (the server copies the database, an outage); --undo none (a failed "
      "migration stays).",
      Kind::Privilege));
}

void replace_lines(Preflight& out, const PreflightOptions& options, pg::Connection& live) {
  if (options.undo != Undo::Replace) return;
  pg::pin_settings(live, pg::database_encoding(live));
  const swap::Contents contents = swap::read_contents(live);
  const std::vector<std::string> extensions = staying_extensions(contents);
  if (const std::vector<std::string> blockers = replace_blockers(live, contents);
      !blockers.empty()) {
    out.lines.push_back(fail(
        "undo", cat("replace could not take away and make again what is there: ", named(blockers)),
        "Give the objects to this role (ALTER … OWNER TO), remove what is not needed, or run as a "
        "role that has CREATEDB, for an undo by swap.",
        Kind::Privilege));
    return;
  }
  std::string text =
      cat("replace (", out.undo_why, "): the contents are restored in place, in one transaction");
  if (!extensions.empty()) {
    text += cat("; ", named(extensions),
                extensions.size() == 1 ? " stays and must not be changed"
                                       : " stay and must not be changed");
  }
  out.lines.push_back(pass("undo", text));
  if (options.proof_at == "local" && options.proof >= archive::Level::Restored) {
    for (const std::string& extension : extensions) {
      out.lines.push_back(fail(
          "proof",
          cat("extension ", util::printable(extension),
              " needs a superuser: the private server's owner of the database could not make it"),
          "Name a server where it can be made with --proof-at URL, or step down knowingly: --proof "
          "read-back.",
          Kind::Proof));
    }
  }
}

void pg_dump_line(std::vector<Line>& lines, const PreflightOptions& options, pg::Connection& live) {
  ask(lines, "pg_dump", [&] {
    const std::optional<dump::PgDumpProgram> program =
        dump::choose_pg_dump(live, options.schema_from, options.pg_dump);
    lines.push_back(pass("pg_dump", program ? cat(program->version, " at ", program->path.string())
                                            : std::string("none: pgbelay reads the schema from "
                                                          "the catalogues")));
  });
}

// A copy of the files has them as they are.
void detach_lines(std::vector<Line>& lines, const PreflightOptions& options, pg::Connection& live) {
  if (options.undo == Undo::Clone || options.undo == Undo::None) return;
  const std::vector<std::string> pending = pending_detaches(live);
  if (pending.empty()) return;
  lines.push_back(fail("undo",
                       cat("partitions are being detached, which no restored copy can say, so "
                           "that none could be proven: ",
                           named(pending)),
                       "Finish it: ALTER TABLE … DETACH PARTITION … FINALIZE."));
}

// Only what is read through the live database, so that its session ends before others are judged.
struct LiveFacts {
  pg::ServerFacts server;
  ServerFolder folder;
};

LiveFacts live_lines(Preflight& out, PreflightOptions& options, std::stop_token stop,
                     const std::string& name) {
  pg::Connection live = pg::Connection::open(options.database, name, stop);
  std::vector<Line>& lines = out.lines;
  lines.push_back(pass("connection", options.database.display()));
  LiveFacts facts;
  facts.server = pg::server_facts(live);
  lines.push_back(server_line(facts.server));
  out.server_version = facts.server.version_text;
  out.system_identifier = facts.server.system_identifier;
  out.database_bytes = pg::database_size(live, live.database());
  out.tables = table_count(live);
  if (lines.back().verdict == Verdict::Fail) return facts;
  if (pg::behind_transaction_pooler(live)) {
    lines.push_back(fail("pooler", "a transaction pooler stands between us and the server",
                         "Name the server's own port (or a session pool) in the URL."));
  } else if (!own_pid_is_true(live)) {
    lines.push_back(
        warn("pooler", "a session pooler stands between us and the server",
             "Name the server's own port: through a pooler it cannot be told who else writes."));
  }
  std::string no_way;
  ask(lines, "privileges", [&] {
    no_way = choose(out, options, live, name, stop).no_way;
    privilege_lines(lines, live, options);
  });
  ask(lines, "superuser", [&] {
    const std::vector<std::string> traps = verify::superuser_traps(live);
    if (traps.empty()) return;
    const std::string text =
        cat("a copy made by a superuser would run functions of others: ", named(traps));
    lines.push_back(options.accept_superuser_functions
                        ? warn("superuser", text, "Accepted by the configuration.")
                        : fail("superuser", text,
                               "Run as the owner of the database, or accept it with "
                               "accept_superuser_functions."));
  });
  ask(lines, "space", [&] { facts.folder = server_folder(live); });
  ask(lines, "undo", [&] { replace_lines(out, options, live); });
  ask(lines, "undo", [&] { detach_lines(lines, options, live); });
  no_way_line(lines, no_way);
  pg_dump_line(lines, options, live);
  return facts;
}

bool is_ephemeral(const std::filesystem::path& path) {
  constexpr auto kOverlay = 0x794c7630;  // of linux/magic.h: containers
  constexpr auto kTmpfs = 0x01021994;
  struct statfs facts {};
  if (::statfs(path.c_str(), &facts) != 0) return false;
  return facts.f_type == kOverlay || facts.f_type == kTmpfs;
}

void folder_lines(std::vector<Line>& lines, const PreflightOptions& options) {
  std::filesystem::path there = std::filesystem::absolute(options.dir);
  std::error_code ignored;
  while (!std::filesystem::exists(there, ignored) && there != there.parent_path())
    there = there.parent_path();
  if (::access(there.c_str(), W_OK | X_OK) != 0) {
    lines.push_back(fail("folder", cat("folder ", there.string(), " cannot be written"),
                         "Choose another with --dir, or change its permissions.", Kind::Io));
  } else if (is_ephemeral(there)) {
    lines.push_back(warn(
        "folder", cat("backups in ", there.string(), " go when this container or machine ends"),
        "Choose a lasting folder with --dir: after a crash the run is finished from there."));
  } else {
    lines.push_back(pass("folder", std::filesystem::absolute(options.dir).string()));
  }
}

// A hold is advised only where the run would not refuse it.
std::string remedy_for_sessions(pg::Connection& maintenance, const PreflightOptions& options,
                                const IsOwn& is_own) {
  if (options.hold == Hold::ReadOnly)
    return "They are ended when the hold begins; they may connect again to read.";
  if (options.hold == Hold::Exclusive)
    return "They are ended when the hold begins, and kept out as long as it stands.";
  const HeldDatabase held{.name = options.database.database(), .kind = Hold::ReadOnly};
  const bool may_hold = options.may_hold && options.may_hold(options.undo) == MayHold::Yes &&
                        hold_doubts(maintenance, held, is_own).empty();
  return cat(may_hold ? "Choose --hold read-only, stop" : "Stop",
             " the application for the migration, or choose --hold none.");
}

void session_lines(std::vector<Line>& lines, pg::Connection& maintenance,
                   const PreflightOptions& options, const std::string& application) {
  if (!counts_sessions(maintenance)) {
    std::string text =
        cat("PostgreSQL ", maintenance.server_major(),
            " does not count sessions exactly: that nobody else writes can be known from 15 on");
    std::string remedy =
        "See to it that nobody writes, and choose --hold none; with --on-foreign-writes undo a "
        "failed migration is then undone without asking.";
    lines.push_back(options.must_be_alone ? fail("sessions", std::move(text), std::move(remedy))
                                          : warn("sessions", std::move(text), std::move(remedy)));
  }
  const std::string database = options.database.database();
  const IsOwn is_own = [&](int, const std::string& name) { return name == application; };
  wait_gone(maintenance, database, is_own, std::chrono::seconds(2));
  const Sighting others = look(maintenance, database, is_own);
  std::vector<std::string> clients;
  for (const Client& client : others.clients) clients.push_back(client.line);
  if (others.clients.empty() && others.workers.empty()) {
    lines.push_back(pass("sessions", "nobody else connected"));
  } else {
    lines.push_back(
        warn("sessions",
             cat(util::show_counted(others.clients.size() + others.workers.size(), "other session"),
                 ": ", named(clients.empty() ? others.workers : clients)),
             remedy_for_sessions(maintenance, options, is_own)));
  }
}

void blocker_lines(std::vector<Line>& lines, pg::Connection& maintenance,
                   const PreflightOptions& options) {
  const std::string database = options.database.database();
  const auto add = [&](std::string subject, std::string text, std::string remedy) {
    lines.push_back(options.needs_copy || options.undo == Undo::Replace
                        ? fail(std::move(subject), std::move(text), std::move(remedy))
                        : warn(std::move(subject), std::move(text), std::move(remedy)));
  };
  // A replace needs no session gone but those that hold locks.
  const bool in_place = options.undo == Undo::Replace;
  if (const auto blockers = in_place ? swap::prepared_lines(maintenance, database)
                                     : swap::swap_blockers(maintenance, database);
      !blockers.empty()) {
    add("undo", cat("an undo would be blocked by ", named(blockers)),
        "End what is listed (COMMIT or ROLLBACK PREPARED '…'; SELECT pg_terminate_backend(PID) as "
        "a role that may).");
  }
  if (const auto slots = logical_slots(maintenance, database); !slots.empty()) {
    add("slots",
        cat("logical replication slots hang on this database and would stay with the failed one: ",
            named(slots)),
        "Drop them before the migration and make them again after it.");
  }
  if (const auto names = subscriptions(maintenance, database); !names.empty()) {
    add("slots", cat("the database has subscriptions, which no copy can take over: ", named(names)),
        "Drop them before the migration and make them again after it.");
  }
}

// What a read-only hold would not bind (F4), before the backup is made for nothing.
void hold_lines(std::vector<Line>& lines, pg::Connection& maintenance,
                const PreflightOptions& options, const std::string& application) {
  if (!keeps_out(options.hold)) return;
  const IsOwn is_own = [&](int, const std::string& name) { return name == application; };
  const std::vector<std::string> doubts =
      hold_doubts(maintenance, {options.database.database(), options.hold}, is_own);
  const std::string_view kind = hold_name(options.hold);
  if (!doubts.empty()) {
    lines.push_back(fail("hold", cat("the hold (", kind, ") would not keep out: ", named(doubts)),
                         "Take these settings away (ALTER ROLE … RESET "
                         "default_transaction_read_only), end the workers, or choose --hold none.",
                         Kind::NotConfirmed));
  } else if (!counts_sessions(maintenance)) {
    lines.push_back(warn("hold",
                         cat("PostgreSQL ", maintenance.server_major(),
                             " does not count changes exactly: all tables are read twice while "
                             "writers are kept out"),
                         "From 15 on only what has changed is read."));
  } else {
    lines.push_back(pass("hold", std::string(kind)));
  }
}

void undo_line(std::vector<Line>& lines, pg::Connection& maintenance,
               const PreflightOptions& options, const std::string& why) {
  if (options.undo == Undo::Replace) return;  // told already, through the live database
  if (!options.needs_copy) {
    lines.push_back(
        warn("undo", "none: a failed migration stays", "Leave out --undo none to have it undone."));
    return;
  }
  const bool failed = std::any_of(lines.begin(), lines.end(),
                                  [](const Line& line) { return line.verdict == Verdict::Fail; });
  if (options.key.empty() || failed) return;  // the rehearsal would only repeat the reason
  ask(lines, "undo", [&] {
    const pg::DatabaseProperties properties =
        pg::read_properties(maintenance, options.database.database());
    swap::rehearse(maintenance, options.database, options.key, properties);
    lines.push_back(
        pass("undo",
             cat("swap, rehearsed with empty databases",
                 options.copy_when_needed ? "; its copy is made when it is needed: a restore" : "",
                 " (", why, ")")));
  });
}

}  // namespace

bool Preflight::ok() const noexcept {
  return std::none_of(lines.begin(), lines.end(),
                      [](const Line& line) { return line.verdict == Verdict::Fail; });
}

void Preflight::require() const {
  std::optional<util::Error> first;
  for (const Line& line : lines) {
    if (line.verdict != Verdict::Fail) continue;
    if (!first) {
      first.emplace(line.kind, cat(line.subject, ": ", line.text),
                    util::ErrorDetail{.hint = line.remedy, .sqlstate = {}});
    } else {
      first->attach(cat(line.subject, ": ", line.text));
    }
  }
  if (first) throw *first;
}

Preflight preflight(const PreflightOptions& asked, std::stop_token stop) {
  Preflight out;
  PreflightOptions options = asked;  // as it was chosen, from what the server says
  const std::string application = options.key.empty() ? "pgbelay" : cat("pgbelay-", options.key);
  const LiveFacts facts = live_lines(out, options, stop, application);
  if (!out.ok() && out.lines.size() <= 2) return out;  // not a server we know
  folder_lines(out.lines, options);
  ask(out.lines, "space", [&] {
    out.server_folder = local_server_folder(options.database, facts.folder);
    const SpaceQuestion question{.database_bytes = out.database_bytes,
                                 .dir = options.dir,
                                 .server_folder = out.server_folder,
                                 .server_free = options.server_free,
                                 .needs_copy = options.needs_copy || options.undo == Undo::Replace};
    for (Line& line : space_lines(question)) out.lines.push_back(std::move(line));
    out.server_room = server_room(question);
  });
  ask(out.lines, "maintenance", [&] {
    pg::Connection maintenance =
        swap::open_maintenance(options.database, options.maintenance_db, application, stop);
    session_lines(out.lines, maintenance, options, application);
    blocker_lines(out.lines, maintenance, options);
    for (Line& line : standby_lines(maintenance, options, application))
      out.lines.push_back(std::move(line));
    hold_lines(out.lines, maintenance, options, application);
    undo_line(out.lines, maintenance, options, out.undo_why);
  });
  return out;
}

std::vector<Line> way_lines(const Preflight& preflight) {
  const auto told = [](Undo undo) {
    switch (undo) {
      case Undo::Swap:
        return "possible: a proven copy beside the database, put in its place by two renames";
      case Undo::Replace:
        return "possible: the contents are restored in place, in one transaction; takes a restore";
      case Undo::Clone:
        return "possible, on request only: the server copies the database, and nobody may be "
               "connected meanwhile";
      case Undo::None:
        return "possible: a failed migration stays";
      case Undo::Auto:
        break;
    }
    return "";
  };
  std::vector<Line> lines;
  for (const UndoWay& way : preflight.ways) {
    const std::string subject = cat("undo ", undo_name(way.undo));
    lines.push_back(
        way.obstacles.empty()
            ? pass(subject, told(way.undo))
            : warn(subject, cat("not possible: ", named(way.obstacles)),
                   way.undo == preflight.undo
                       ? "Take away what is listed, or run as a role that may."
                       : cat("Only for --undo ", undo_name(way.undo),
                             ": take away what is listed, or run as a role that may.")));
  }
  if (!lines.empty()) lines.push_back(pass("undo none", told(Undo::None)));
  return lines;
}

}  // namespace guard
