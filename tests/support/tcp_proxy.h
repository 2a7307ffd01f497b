// The network between a client and its server, as far as a test may break it: a proxy on the
// loopback that delays, holds back, or cuts what passes.
//
// A cut resets both ends, as a firewall or a machine that is gone does once somebody writes.
// Threads: from any.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "util/mutex.h"

namespace test {

class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t server_port);  // on 127.0.0.1
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const noexcept { return port_; }

  // Each connection goes on from the port of its client, as through a router: from 127.0.0.2, which
  // the server has to let in.
  void keep_ports() noexcept { keeps_ports_ = true; }

  void drop();  // resets every connection; new ones are let through
  void cut();   // the same, and new ones are reset until mend()
  void mend() noexcept { cut_ = false; }
  void hold() noexcept { held_ = true; }  // nothing passes until go_on()
  void go_on() noexcept { held_ = false; }
  void delay(std::chrono::milliseconds each) noexcept { delay_ = each.count(); }  // of each piece
  // drop() once this many more bytes have come from the server; the last of them do not pass.
  void drop_after(std::uint64_t bytes) noexcept;
  // Once, when a client sends `text` in one piece: on this side of the server (it never gets it),
  // or behind it (it acts on it, and its answer never comes).
  enum class Side { Before, Behind };
  void drop_at(std::string text, Side side);
  // Called instead of connecting to the server, with the first piece that a client sends; once.
  void capture(std::function<void(std::string)> take);

  std::uint64_t dropped() const noexcept { return dropped_; }  // how often anything was dropped

 private:
  struct Pair;
  void accept_clients();
  void serve(Pair& pair);
  void carry(Pair& pair, int from, int to, bool from_client);
  bool lets_pass(Pair& pair, const std::string& piece, bool from_client);
  void reset_all();

  int listener_ = -1;
  std::uint16_t server_port_ = 0;
  std::uint16_t port_ = 0;
  std::atomic<bool> over_ = false, cut_ = false, held_ = false, keeps_ports_ = false;
  std::atomic<std::int64_t> delay_ = 0, left_ = -1;  // bytes until drop_after; negative: no limit
  std::atomic<std::uint64_t> dropped_ = 0;
  util::Mutex mutex_;
  std::string text_ PGBELAY_GUARDED_BY(mutex_);
  Side side_ PGBELAY_GUARDED_BY(mutex_) = Side::Before;
  std::function<void(std::string)> capture_ PGBELAY_GUARDED_BY(mutex_);
  std::list<std::unique_ptr<Pair>> pairs_ PGBELAY_GUARDED_BY(mutex_);
  std::thread accepting_;
};

}  // namespace test
