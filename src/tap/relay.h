// Passes the bytes of one session on, unchanged, both ways, and watches the messages go by.
//
// Memory: two buffers of 128 KiB, whatever passes. A side that does not read stops the other from
// being read. Threads: one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "tap/frames.h"
#include "tap/statement_log.h"
#include "tap/stream.h"

namespace tap {

struct RelayEvents {
  std::function<void()> before_first_message;  // may throw: then nothing has gone through
  std::function<void(std::string_view statement)> before_statement;  // likewise; may be empty
  std::function<void(std::string_view statement)> started;           // may be empty
  std::function<void(std::uint64_t statements)> counted;
  std::function<void(FailedStatement)> failed;
  std::function<void(FinishedStatement)> finished;  // may be empty
};

class Relay {
 public:
  Relay(const Stream& client, const Stream& server, const StopSignal& stop, RelayEvents events);

  enum class End { Client, Server, Stopped };  // who has gone
  End run();

  std::optional<LeftOpen> left_open() const { return log_.left_open(); }
  bool statement_running() const noexcept { return log_.running(); }
  // Nothing of a message to the client is missing: one of our own may follow.
  bool may_speak() const noexcept { return down_.empty() && server_frames_.at_boundary(); }

 private:
  // One direction.
  struct Way {
    const Stream& from;
    const Stream& to;
    std::vector<char> bytes;  // read and not yet written: [begin, end)
    std::size_t begin = 0;
    std::size_t end = 0;
    Io read_wants = Io::WantRead;    // what a blocked read waits for
    Io write_wants = Io::WantWrite;  // and a blocked write
    bool drained = false;            // nothing more to be read before poll() says so
    bool empty() const noexcept { return begin == end; }
    std::string_view view() const noexcept { return {bytes.data() + begin, end - begin}; }
  };
  enum class Step { Moved, Blocked, Over };

  static Io fill(Way& way);
  static Io flush(Way& way);
  Step from_client();
  Step from_server();
  void saw_client(std::string_view bytes);
  void saw_server(std::string_view bytes);
  int gather();
  bool wait();

  const StopSignal& stop_;
  RelayEvents events_;
  StatementLog log_;
  FrameScanner client_frames_;
  FrameScanner server_frames_;
  Way up_;                            // to the server
  Way down_;                          // to the client
  std::uint64_t answered_bytes_ = 0;  // by the server since the client's last message, or a pause
  bool gathering_ = false;
  bool gate_passed_ = false;
  bool server_deaf_ = false;  // it takes nothing more, but may still say why
};

}  // namespace tap
