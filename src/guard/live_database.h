// The guarded database and what it is called: under --hold exclusive it has another name, so that
// nobody finds it (postgres-hazards.md S8).
//
// Threads: renamed only while no other thread of the run uses it.
#pragma once

#include <string>
#include <utility>

#include "pg/conninfo.h"

namespace guard {

class LiveDatabase {
 public:
  explicit LiveDatabase(pg::ConnInfo served) : served_(std::move(served)), now_(served_) {}
  LiveDatabase(const LiveDatabase&) = delete;
  LiveDatabase& operator=(const LiveDatabase&) = delete;

  // As everybody else calls it, and as it will be called again.
  const pg::ConnInfo& served() const noexcept { return served_; }
  // As it is called at this moment; the same object, whatever the name.
  const pg::ConnInfo& now() const noexcept { return now_; }
  bool moved() const { return now_.database() != served_.database(); }

  void called(const std::string& name) { now_ = served_.with_database(name); }

 private:
  const pg::ConnInfo served_;
  pg::ConnInfo now_;
};

}  // namespace guard
