#include "support/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/text.h"

namespace test {

HttpServer::HttpServer(int status) : status_(status) {
  listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);  // NOLINT: the interface of sockets
  EXPECT_EQ(::bind(listener_, generic, size), 0);
  EXPECT_EQ(::listen(listener_, 16), 0);
  EXPECT_EQ(::getsockname(listener_, generic, &size), 0);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
  ::shutdown(listener_, SHUT_RDWR);
  thread_.join();
  ::close(listener_);
}

std::string HttpServer::url() const { return util::cat("http://127.0.0.1:", port_, "/there"); }

std::vector<std::string> HttpServer::bodies() const {
  const util::Lock hold(mutex_);
  return bodies_;
}

void HttpServer::serve() {
  for (;;) {
    const int client = ::accept(listener_, nullptr, nullptr);
    if (client < 0) return;
    serve_one(client);
    ::close(client);
  }
}

void HttpServer::serve_one(int client) {
  std::string request;
  std::size_t needed = std::string::npos;  // bytes of headers and body, once the headers are there
  while (request.size() < needed) {
    char buffer[4096];
    const ssize_t got = ::read(client, buffer, sizeof buffer);
    if (got <= 0) return;
    request.append(buffer, static_cast<std::size_t>(got));
    const std::size_t end = request.find("\r\n\r\n");
    if (end == std::string::npos || needed != std::string::npos) continue;
    constexpr std::string_view kLength = "Content-Length: ";
    const std::size_t length = request.find(kLength);
    needed = end + 4 + (length < end ? std::stoul(request.substr(length + kLength.size())) : 0);
  }
  {
    const util::Lock hold(mutex_);
    bodies_.push_back(request.substr(request.find("\r\n\r\n") + 4));
  }
  const std::string answer = util::cat("HTTP/1.1 ", status_.load(),
                                       " x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  [[maybe_unused]] const ssize_t written = ::write(client, answer.data(), answer.size());
}

}  // namespace test
