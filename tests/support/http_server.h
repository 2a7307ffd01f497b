// A web server of one path on the loopback: answers every request with the status it was told to,
// and keeps the bodies.
#pragma once

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "util/mutex.h"

namespace test {

class HttpServer {
 public:
  explicit HttpServer(int status = 200);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  std::string url() const;  // http://127.0.0.1:<port>/there
  void answer(int status) noexcept { status_ = status; }
  std::vector<std::string> bodies() const;  // one for each request so far

 private:
  void serve();
  void serve_one(int client);

  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> status_;
  mutable util::Mutex mutex_;
  std::vector<std::string> bodies_ PGBELAY_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses the others
};

}  // namespace test
