// One client of the tap, from its first byte to its last.
//
// Failure: none comes out; the client is told what it needs to know, the registry what the run
// does. Threads: one per client. Ends soon after the stop signal.
#pragma once

#include <atomic>

#include "tap/certificate.h"
#include "tap/registry.h"
#include "tap/scram.h"
#include "tap/socket.h"
#include "tap/tap.h"
#include "util/files.h"

namespace tap {

// What all sessions of a tap share. Outlives them.
struct Shared {
  explicit Shared(Options given);

  const Options options;
  const util::Secret password;
  const scram::Verifier verifier;
  const Certificate certificate;
  Registry registry;
  StopSignal stop;
  // On stop, cancel what the sessions run. Not in a destructor: it may wait for the server.
  std::atomic<bool> cancel_on_stop = false;
};

// Serves the client at `socket` until it or the server goes, or the tap stops.
void serve(Shared& shared, util::UniqueFd socket) noexcept;

}  // namespace tap
