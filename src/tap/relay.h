// Passes the bytes of one session on, unchanged, both ways, and watches the messages go by.
//
// Memory: two buffers of 128 KiB, whatever passes. A side that does not read stops the other from
// being read. Threads: one.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "tap/frames.h"
#include "tap/socket.h"
#include "tap/statement_log.h"
#include "tap/upstream.h"

namespace tap {

struct RelayEvents {
  std::function<void()> before_first_message;  // may throw: then nothing has gone through
  std::function<void(std::string_view statement)> before_statement;  // likewise; may be empty
  std::function<void(std::uint64_t statements)> counted;
  std::function<void(FailedStatement)> failed;
  std::function<void(FinishedStatement)> finished;  // may be empty
};

class Relay {
 public:
  Relay(int client, Upstream& upstream, const StopSignal& stop, RelayEvents events);

  enum class End { Client, Server, Stopped };  // who has gone
  End run();

  bool statement_running() const noexcept { return log_.running(); }
  // Nothing of a message to the client is missing: one of our own may follow.
  bool may_speak() const noexcept { return to_client_.empty() && server_frames_.at_boundary(); }

 private:
  struct Buffer {
    std::vector<char> bytes;
    std::size_t begin = 0;
    std::size_t end = 0;
    bool empty() const noexcept { return begin == end; }
    std::string_view view() const noexcept { return {bytes.data() + begin, end - begin}; }
  };
  enum class Step { Moved, Blocked, Over };

  Step from_client();
  Step from_server();
  bool fill_from_client(Step& step);
  bool fill_from_server(Step& step);
  void saw_client(std::string_view bytes);
  void saw_server(std::string_view bytes);
  bool wait();

  int client_;
  Upstream& upstream_;
  const StopSignal& stop_;
  RelayEvents events_;
  StatementLog log_;
  FrameScanner client_frames_;
  FrameScanner server_frames_;
  Buffer to_server_;
  Buffer to_client_;
  Upstream::Io read_wants_ = Upstream::Io::WantRead;  // what a blocked read of the server waits for
  Upstream::Io write_wants_ = Upstream::Io::WantWrite;  // and a blocked write
  bool gate_passed_ = false;
  bool server_deaf_ = false;  // it takes nothing more, but may still say why
};

}  // namespace tap
