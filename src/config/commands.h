// The commands: parser, help and reference page come from this table. Their options: options.h.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace config {

// Commands as bits, so that a row can name several.
enum CommandBit : std::uint32_t {
  kBackup = 1U << 0U,
  kList = 1U << 1U,
  kShow = 1U << 2U,
  kVerify = 1U << 3U,
  kRestore = 1U << 4U,
  kMigrate = 1U << 5U,
  kUndo = 1U << 6U,
  kClose = 1U << 7U,
  kRuns = 1U << 8U,
  kStatus = 1U << 9U,
  kDoctor = 1U << 10U,
  kDemo = 1U << 11U,
  kExtract = 1U << 12U,
  kDiff = 1U << 13U,
  kRescue = 1U << 14U,
  kRehearse = 1U << 15U,
  kResume = 1U << 16U,
  kDrift = 1U << 17U,
  kPrune = 1U << 18U,
  kAll = (1U << 19U) - 1,
};

struct CommandSpec {
  CommandBit bit;
  std::string_view name;
  std::string_view arguments;  // as in the usage line
  std::string_view help;       // one line
};

constexpr std::array kCommands{
    CommandSpec{kDemo, "demo", "",
                "tell the whole story on a private PostgreSQL: backup, proof, a migration that "
                "fails and is undone"},
    CommandSpec{kDoctor, "doctor", "",
                "check everything that a run needs; each line with its remedy"},
    CommandSpec{kBackup, "backup", "[LABEL]",
                "make a backup in three formats in one read; prints its name"},
    CommandSpec{kList, "list", "", "list the backups with size, age and proof level"},
    CommandSpec{kShow, "show", "BACKUP", "show everything about one backup"},
    CommandSpec{kVerify, "verify", "BACKUP", "check a backup; exit 8 on damage"},
    CommandSpec{kRestore, "restore", "BACKUP",
                "restore beside the database, prove it, swap it in; the replaced database is kept"},
    CommandSpec{kExtract, "extract", "BACKUP",
                "print rows of a table out of a backup, without a server"},
    CommandSpec{kDiff, "diff", "A [B]",
                "what differs from A to B: backups, databases (B: else the database)"},
    CommandSpec{kDrift, "drift", "",
                "what changed in the schema since the last guarded run; exit 9 if anything did"},
    CommandSpec{kMigrate, "migrate", "[MIGRATIONS] | -- COMMAND…",
                "run a migration behind a proven backup, and undo it if it fails"},
    CommandSpec{kRehearse, "rehearse", "[MIGRATIONS] | -- COMMAND…",
                "run a migration on a copy only, measure it, and write a report"},
    CommandSpec{kUndo, "undo", "[RUN]", "take an unfinished or failed run back"},
    CommandSpec{kResume, "resume", "[RUN]",
                "finish a run that died: release what was migrated well, undo everything else"},
    CommandSpec{kClose, "close", "RUN",
                "leave the database as it is and release everything of the run"},
    CommandSpec{kRescue, "rescue", "RUN",
                "rows that others wrote before an undo took them away: list them, put them back"},
    CommandSpec{kPrune, "prune", "",
                "list the databases that pgbelay made on the server; drop those that no run needs"},
    CommandSpec{kRuns, "runs", "[RUN]", "list the runs, or show one"},
    CommandSpec{kStatus, "status", "",
                "an unfinished run first; database, last run, last proven backup"},
};

constexpr const CommandSpec* find_command(std::string_view name) {
  for (const CommandSpec& command : kCommands) {
    if (command.name == name) return &command;
  }
  return nullptr;
}

}  // namespace config
