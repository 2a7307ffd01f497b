#include "util/http.h"

#include <curl/curl.h>

#include <memory>

#include "util/error.h"
#include "util/text.h"

namespace util {
namespace {

struct Cleanup {
  void operator()(CURL* handle) const noexcept { curl_easy_cleanup(handle); }
  void operator()(curl_slist* list) const noexcept { curl_slist_free_all(list); }
};

std::size_t ignore_body(char*, std::size_t size, std::size_t count, void*) { return size * count; }

// libcurl calls it about once a second, and more often while bytes move.
int end_if_stopped(void* stop, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<const std::stop_token*>(stop)->stop_requested() ? 1 : 0;
}

using Handle = std::unique_ptr<CURL, Cleanup>;

Handle prepare(const std::string& url, std::chrono::milliseconds limit,
               const std::stop_token& stop) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  Handle handle(ready == CURLE_OK ? curl_easy_init() : nullptr);
  if (!handle) throw Error(Kind::Connect, "libcurl cannot be initialised");
  curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle.get(), CURLOPT_TIMEOUT_MS, static_cast<long>(limit.count()));
  curl_easy_setopt(handle.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_USERAGENT, "pgbelay/" PGBELAY_VERSION);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &ignore_body);
  curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, &end_if_stopped);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &stop);
  return handle;
}

int perform(CURL* handle, const std::string& url) {
  const CURLcode code = curl_easy_perform(handle);
  if (code == CURLE_ABORTED_BY_CALLBACK) throw Error(Kind::Interrupted, "interrupted");
  if (code != CURLE_OK) {
    throw Error(Kind::Connect,
                cat(printable(http_host(url)), " gave no answer: ", curl_easy_strerror(code)),
                {.hint = "Check the URL, the name resolution and the network.", .sqlstate = {}});
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

}  // namespace

int http_get(const std::string& url, std::chrono::milliseconds limit, std::stop_token stop) {
  const Handle handle = prepare(url, limit, stop);
  return perform(handle.get(), url);
}

int http_post_json(const std::string& url, std::string_view body, std::chrono::milliseconds limit,
                   std::stop_token stop) {
  const Handle handle = prepare(url, limit, stop);
  const std::unique_ptr<curl_slist, Cleanup> headers(
      curl_slist_append(nullptr, "Content-Type: application/json"));
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, body.data());
  return perform(handle.get(), url);
}

void require_http_url(std::string_view name, std::string_view url) {
  const bool scheme = url.starts_with("http://") || url.starts_with("https://");
  if (scheme && http_host(url).size() > std::string_view("https://").size()) return;
  throw Error(Kind::Usage, cat(name, " is no URL of HTTP: ", printable(http_host(url))),
              {.hint = "Write it as https://host/path.", .sqlstate = {}});
}

std::string http_host(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "(no scheme)";
  const std::size_t begin = scheme + 3;
  const std::size_t end = std::min(url.find_first_of("/?#", begin), url.size());
  std::string_view host = url.substr(begin, end - begin);
  if (const std::size_t at = host.rfind('@'); at != std::string_view::npos)
    host.remove_prefix(at + 1);  // a password may stand before it
  return cat(url.substr(0, begin), host);
}

}  // namespace util
