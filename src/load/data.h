// The data blocks of an archive into the database: COPY for tables, large objects.
//
// Threads: load() from any; several at once for the task of a team.
#pragma once

#include <map>
#include <memory>

#include "archive/reader.h"
#include "load/plan.h"
#include "load/restorer.h"
#include "load/row_stream.h"
#include "util/mutex.h"

namespace load {

class DataLoader {
 public:
  explicit DataLoader(const archive::Reader& archive) : archive_(archive) {}

  // Loads what is left of the task's data, which is all of it for the first caller that is alone.
  void load(Restorer& restorer, const Task& task);

 private:
  void load_table(Restorer& restorer, const Task& task);
  void run_inserts(Restorer& restorer, const archive::TocEntry& entry);
  void load_large_objects(Restorer& restorer, const archive::TocEntry& entry);
  std::shared_ptr<RowStream> stream(const archive::TocEntry& entry);

  const archive::Reader& archive_;
  util::Mutex mutex_;
  // Ended ones stay until the end: who joins late must not begin anew.
  std::map<int, std::shared_ptr<RowStream>> streams_ PGBELAY_GUARDED_BY(mutex_);
};

}  // namespace load
