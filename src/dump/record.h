// What a dump came to, as the manifest says it.
#pragma once

#include "archive/manifest.h"
#include "dump/dump.h"
#include "dump/pg_dump_program.h"
#include "dump/plan.h"
#include "dump/work.h"
#include "dump/writer.h"

namespace dump {

struct Outcome {
  Plan plan;
  Written written;
};

// Fills tables, sequences, large objects, views, files, and how it was made. Kind::Backup when the
// chunks of a table do not hold the rows that the table has (M2).
// `pg_dump_version` is empty where pgbelay has read the schema.
void record(const Options& options, const std::string& pg_dump_version, const Work& work,
            const Outcome& outcome, archive::Manifest& manifest);

}  // namespace dump
