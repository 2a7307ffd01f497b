// What belongs to the whole cluster, before and after a rehearsal (postgres-hazards.md F10).
//
// A change is put back only where it is certain that the rehearsal made it: nobody else was
// connected to the server meanwhile (before 15 nobody knows), or a statement of the migration names
// the object. Another team's new role must not be dropped by us.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "guard/rehearsal_report.h"
#include "guard/shared_catalog.h"
#include "guard/take_back.h"

namespace guard {

class ClusterWatch {
 public:
  // On the live server, what it sees is written to the run's folder as well: tell_unsettled().
  ClusterWatch(const RunContext& context, bool live);

  // One of ours is about to be opened, in another database than the clone: those in there are
  // forgotten with it.
  void own_session() { ++own_; }
  void saw(std::vector<RehearsedStatement> statements);  // of the migration

  // Compares, puts back what is certain to be the rehearsal's, compares again. After the clone is
  // gone, because roles may own something in it.
  std::vector<OutsideChange> settle();

 private:
  bool alone();
  bool named(const SharedChange& change) const;
  std::string whose(
      const SharedChange& change) const;  // why a change is left alone that is not known to be ours

  const RunContext& context_;
  std::vector<SharedObject> before_;
  std::optional<std::uint64_t> sessions_before_;
  bool alone_before_ = false;
  std::uint64_t own_ = 0;
  std::vector<RehearsedStatement> statements_;
};

// What a rehearsal that was killed may have left in the cluster: for whoever clears up its run.
void tell_unsettled(pg::Connection& maintenance, const RunRecord& run, util::Reporter& reporter);

}  // namespace guard
