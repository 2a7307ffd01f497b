// Everything a run needs, asked before anything is done; the same lines make `doctor`.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "dump/pg_dump_program.h"
#include "guard/run.h"
#include "guard/strategy.h"
#include "pg/conninfo.h"
#include "util/error.h"

namespace guard {

enum class Verdict { Pass, Warn, Fail };

struct Line {
  Verdict verdict = Verdict::Pass;
  std::string
      subject;  // connection, server, pg_dump, privileges, space, sessions, pooler, slots, undo …
  std::string text;
  std::string remedy;                       // for Warn and Fail
  util::Kind kind = util::Kind::Preflight;  // of a Fail, for its exit code
};

struct PreflightOptions {
  pg::ConnInfo database;
  std::string maintenance_db;
  std::filesystem::path dir;
  std::filesystem::path pg_dump;
  dump::SchemaFrom schema_from = dump::SchemaFrom::Auto;
  std::optional<std::uint64_t> server_free;
  bool needs_copy = true;         // a side database will be made, or may have to be
  bool copy_when_needed = false;  // for an undo only
  bool restores_here = true;      // and this role has to make again what is in it
  Undo undo = Undo::Auto;
  archive::Level proof = archive::Level::Proven;
  std::string proof_at;
  bool accept_superuser_functions = false;
  bool must_be_alone =
      false;  // --hold auto, and nobody to ask: others would end the run at the gate
  std::vector<pg::ConnInfo> replicas = {};
  Hold hold = Hold::Auto;                      // what will be kept out
  std::function<MayHold(Undo undo)> may_hold;  // whether others could be, with that undo
  bool all_ways = false;                       // of undoing, whichever is chosen
  std::string key;                             // for the rehearsal of the undo; empty: leave it out
};

struct Preflight {
  std::vector<Line> lines;
  std::uint64_t database_bytes = 0;
  // Room on the server's disk beside what the run needs anyway; nothing if it is not known.
  std::optional<std::uint64_t> server_room;
  std::uint64_t tables = 0;
  Undo undo = Undo::Swap;  // what was chosen, never Auto
  std::string undo_why;
  std::vector<UndoWay> ways;  // as far as they were looked at
  std::string proof_at;       // and where the proof is made: "" beside the database
  std::string server_version;
  std::string system_identifier;
  std::optional<std::filesystem::path> server_folder;  // where the server writes, if it is here
  bool ok() const noexcept;
  // The first Fail as an error of its kind, with all others attached.
  void require() const;
};

// Throws only if the server cannot be reached.
Preflight preflight(const PreflightOptions& options, std::stop_token stop);

// Each way of undoing that was looked at, possible or not and why; and that there is "none".
std::vector<Line> way_lines(const Preflight& preflight);

}  // namespace guard
