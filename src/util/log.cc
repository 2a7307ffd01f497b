#include "util/log.h"

#include <fcntl.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cerrno>

#include "util/files.h"
#include "util/text.h"

namespace util::log {
namespace {
std::shared_ptr<spdlog::logger>& logger() {
  static std::shared_ptr<spdlog::logger> instance;
  return instance;
}

void write(spdlog::level::level_enum level, std::string_view text) {
  if (logger()) logger()->log(level, printable(text));
}
}  // namespace

void open(const std::filesystem::path& file, Echo echo) {
  std::vector<spdlog::sink_ptr> sinks;
  if (!file.empty()) {
    const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!fd) throw io_error("open the log", file, errno);
    sinks.push_back(std::make_shared<spdlog::sinks::basic_file_sink_mt>(file.string()));
  }
  if (echo == Echo::Stderr) sinks.push_back(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (sinks.empty()) return;
  auto made = std::make_shared<spdlog::logger>("pgbelay", sinks.begin(), sinks.end());
  made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  made->set_level(echo == Echo::Stderr ? spdlog::level::debug : spdlog::level::info);
  made->flush_on(spdlog::level::info);
  logger() = std::move(made);
}

void debug(std::string_view text) { write(spdlog::level::debug, text); }
void info(std::string_view text) { write(spdlog::level::info, text); }
void warning(std::string_view text) { write(spdlog::level::warn, text); }

}  // namespace util::log
