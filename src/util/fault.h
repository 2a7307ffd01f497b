// Fault points: named places where a test makes the program fail or die. They cost nothing in a
// release (PGBELAY_FAULT_POINTS is not defined there).
//
// Every name stands in kPoints, so that a test can visit each of them.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace util::fault {

constexpr std::array<std::string_view, 44> kPoints{
    "pending_file.before_rename",
    "backup.staged",    // the stage directory exists, nothing is in it
    "backup.snapshot",  // locks are held, the snapshot is exported
    "backup.data",      // in the middle of the data
    "backup.before_manifest",
    "backup.before_publish",
    "backup.before_latest",  // published, the pointer is not moved yet
    "proof.created",         // the side database exists and is empty
    "proof.loaded",
    "proof.compared",
    "proof.sealed",      // sealed, proof.json is not written yet
    "preflight.probed",  // the databases that the undo is tried with exist
    "run.journalled",    // the run's folder exists
    "run.backed_up",
    "run.proven",
    "rehearsal.cloned",     // the clone exists, nothing has run in it
    "rehearsal.migrated",   // its migration has ended
    "rehearsal.dropped",    // the clone is gone, the cluster is not compared yet
    "hold.marked",          // what must be put back is written down, nothing is held yet
    "hold.begun",           // new sessions are read-only, the old ones are gone
    "hold.copy_open",       // the copy is open for what has changed
    "hold.caught_up",       // and sealed again
    "exclusive.closed",     // --hold exclusive: the database refuses connections
    "exclusive.renamed",    // it is called by its other name
    "exclusive.returning",  // it refuses connections again, under that name
    "exclusive.returned",   // it has its own name
    "clone.made",           // --undo clone: the server has copied the database
    "run.gate",
    "green.open",     // --blue-green: the copy is open to the command
    "run.migrating",  // the command is running
    "run.migrated",   // the command has ended, nothing is judged
    "run.checked",
    "forward.judged",  // --blue-green: nobody wrote, the copy is sealed
    "forward.closed",  // both databases refuse connections
    "forward.before_rename",
    "forward.swapped",  // the renames are committed
    "forward.kept",     // the replaced database has the name of the old state
    "run.releasing",    // the outcome is a success, the copy is still there
    "run.released",     // the copy is gone, the journal does not say so yet
    "undo.begin",
    "undo.closed",  // both databases refuse connections
    "undo.before_rename",
    "undo.swapped",  // the renames are committed
    "undo.before_end",
};

#ifdef PGBELAY_FAULT_POINTS
// Arms one point: "NAME=kill" (SIGKILL to this process), "NAME=throw" (Error{Kind::Io}),
// "NAME=stop" (prints "fault point NAME" to stderr and waits until SIGCONT). Throws Usage for an
// unknown name.
void arm(std::string_view spec);
void point(std::string_view name);
#else
inline void arm(std::string_view) {}
inline void point(std::string_view) {}
#endif

}  // namespace util::fault
