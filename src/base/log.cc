#include "carbon_spool/base/log.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <utility>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal.h"

namespace carbon_spool {
namespace {

spdlog::logger make_logger() {
  spdlog::logger made("carbon-spool", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  const bool journal = is_journal(STDERR_FILENO, std::getenv("JOURNAL_STREAM"));
  // The journal stamps every line itself.
  made.set_pattern(journal ? "%l %v" : "%Y-%m-%dT%H:%M:%S.%eZ %l %v",
                   spdlog::pattern_time_type::utc);
  return made;
}

spdlog::logger& logger() {
  static spdlog::logger instance = make_logger();
  return instance;
}

spdlog::level::level_enum translate(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return spdlog::level::debug;
    case LogLevel::Info:
      return spdlog::level::info;
    case LogLevel::Warning:
      return spdlog::level::warn;
    case LogLevel::Error:
      break;
  }
  return spdlog::level::err;
}

/// The length of the UTF-8 sequence at the front of `text`; 0 if there is no valid one, or if it is
/// a control character.
std::size_t printable_length(std::string_view text) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
  };
  const auto continues = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead < 0x20 || lead == 0x7F ? 0 : 1;
  if (lead >= 0xC2 && lead <= 0xDF) {
    const bool control = lead == 0xC2 && byte(1) < 0xA0;
    return continues(1) && !control ? 2 : 0;
  }
  if (lead >= 0xE0 && lead <= 0xEF) {
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const bool overlong = lead == 0xF0 && byte(1) < 0x90;
    const bool too_large = lead == 0xF4 && byte(1) > 0x8F;
    return continues(1) && continues(2) && continues(3) && !overlong && !too_large ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_journal(int fd, const char* journal_stream) {
  if (journal_stream == nullptr) return false;
  struct stat about {};
  if (::fstat(fd, &about) != 0) return false;
  return journal_stream == std::to_string(about.st_dev) + ":" + std::to_string(about.st_ino);
}

void log(LogLevel level, std::string_view text) {
  logger().log(translate(level), spdlog::string_view_t(text.data(), text.size()));
}

void set_log_level(LogLevel level) {
  logger().set_level(translate(level));
}

void BoundedLog::log(LogLevel level, std::string_view text, Time now) {
  std::uint64_t left_out = 0;
  {
    const std::lock_guard lock(mutex_);
    if (now >= period_end_) {
      period_end_ = now + period_;
      written_ = 0;
    }
    if (written_ >= burst_) {
      ++left_out_;
      return;
    }
    if (written_ == 0) left_out = std::exchange(left_out_, 0);
    ++written_;
  }
  if (left_out == 0) {
    carbon_spool::log(level, text);
  } else {
    carbon_spool::log(level, std::string(text) + " (" + std::to_string(left_out) +
                                 " more like this were left out)");
  }
}

std::string quote_for_log(std::string_view text, std::size_t limit) {
  std::string quoted = "\"";
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = printable_length(text.substr(at));
    const std::size_t step = std::max<std::size_t>(length, 1);
    if (at + step > limit) break;
    if (length == 0) {
      constexpr std::string_view kDigits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(text[at]);
      quoted.append({'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xF]});
    } else {
      if (text[at] == '"' || text[at] == '\\') quoted += '\\';
      quoted += text.substr(at, length);
    }
    at += step;
  }
  quoted += at < text.size() ? "\"..." : "\"";
  return quoted;
}

}  // namespace carbon_spool
