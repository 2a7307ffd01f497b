// A small HTTP client for webhooks and health checks. libcurl is known to http.cc only.
//
// Failure: Kind::Connect when there is no answer; Kind::Usage for a URL that is none. Messages name
// scheme and host of the URL only: the path of a webhook is a secret. Any answer, also 500, is an
// answer. Redirections are not followed. Threads: from any.
#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

namespace util {

// The answer's status code: 200, 404 …
int http_get(const std::string& url, std::chrono::milliseconds limit, std::stop_token stop = {});
int http_post_json(const std::string& url, std::string_view body, std::chrono::milliseconds limit,
                   std::stop_token stop = {});

// Kind::Usage unless it begins with http:// or https:// and names a host; `name` is what the
// operator knows it by.
void require_http_url(std::string_view name, std::string_view url);

// https://hooks.example.org: what may be shown of it.
std::string http_host(std::string_view url);

}  // namespace util
