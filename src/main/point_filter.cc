#include "point_filter.h"

#include <charconv>

#include <fnmatch.h>

#include "carbon_spool/base/units.h"

namespace carbon_spool {
namespace {

Result<std::optional<std::int64_t>> moment(const std::string& text, const char* option,
                                           std::int64_t now) {
  if (text.empty()) return std::optional<std::int64_t>();
  std::int64_t seconds = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem == std::errc() && end == text.data() + text.size()) return std::optional(seconds);
  const auto ago = parse_duration(text);
  if (!ago) {
    return Error{std::string(option) +
                 ": expected Unix seconds, or a duration before now such as "
                 "\"2h\", found \"" +
                 text + "\""};
  }
  return std::optional(now - std::chrono::duration_cast<Seconds>(ago.value()).count());
}

}  // namespace

Result<PointFilter> PointFilter::make(const std::string& path, const std::string& from,
                                      const std::string& until, std::int64_t now) {
  PointFilter filter;
  filter.path_ = path;
  auto first = moment(from, "--from", now);
  if (!first) return first.error();
  filter.from_ = first.value();
  auto last = moment(until, "--until", now);
  if (!last) return last.error();
  filter.until_ = last.value();
  return filter;
}

bool PointFilter::matches(std::string_view line) const {
  if (!path_.empty()) {
    const std::string path(line.substr(0, line.find(' ')));
    if (::fnmatch(path_.c_str(), path.c_str(), 0) != 0) return false;
  }
  if (!from_ && !until_) return true;
  const std::string_view timestamp = line.substr(line.rfind(' ') + 1);
  std::int64_t seconds = 0;  // of one with decimals the whole seconds
  std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
  return (!from_ || seconds >= *from_) && (!until_ || seconds <= *until_);
}

}  // namespace carbon_spool
