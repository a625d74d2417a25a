#include "line_tallies.h"

#include <algorithm>
#include <array>
#include <utility>

#include <re2/re2.h>

#include "line_tally.h"
#include "log_number.h"

namespace carbon_spool {
namespace {

constexpr double kSecond = 1;
constexpr double kTenSeconds = 10;

using Expression = std::shared_ptr<const RE2>;  // shared: a std::function is copied

/// Log lines may be in any encoding, and no expression of these asks for more than ASCII.
Expression expression(const char* text) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  return std::make_shared<const RE2>(text, options);
}

re2::StringPiece piece(std::string_view text) {
  return {text.data(), text.size()};
}

std::string_view view(const re2::StringPiece& piece) {
  return {piece.data(), piece.size()};
}

const std::vector<std::string> kStatusClasses = {"http_1xx", "http_2xx", "http_3xx", "http_4xx",
                                                 "http_5xx"};

/// The place of a three-digit status in `kStatusClasses`; beyond it if it is in none.
std::size_t status_class(const re2::StringPiece& status) {
  return static_cast<std::size_t>(status[0] - '1');
}

/// The place of `text` in `names`, or of the last one, which is for all others.
std::size_t place_of(std::string_view text, std::span<const std::string_view> names) {
  const auto found = std::ranges::find(names, text);
  return std::min(static_cast<std::size_t>(found - names.begin()), names.size() - 1);
}

}  // namespace

std::unique_ptr<LogParser> make_http_status_parser() {
  const Expression request = expression(R"(HTTP/[0-9](?:\.[0-9])?" ([0-9]{3})(?: |$))");
  const auto sort = [request](std::string_view line, std::span<double> totals) {
    re2::StringPiece status;
    if (!RE2::PartialMatch(piece(line), *request, &status)) return Reading::PassedBy;
    const std::size_t place = status_class(status);
    if (place >= kStatusClasses.size()) return Reading::Bad;
    ++totals[place];
    return Reading::Taken;
  };
  return std::make_unique<LineTally>("http_status 1", kStatusClasses, kSecond, sort);
}

std::unique_ptr<LogParser> make_squid_parser() {
  // time elapsed client code/status bytes method URL …
  const Expression request = expression(
      R"(^[0-9.]+ +([0-9]+) +[^ ]+ +((?:TCP|UDP|NONE)(?:_[A-Z_]+)?)/([0-9]{3}) +([0-9]+)(?: |$))");
  static constexpr std::array<std::string_view, 5> kCodes = {"TCP_MISS", "TCP_DENIED", "TCP_HIT",
                                                             "TCP_MEM_HIT", "OTHER"};
  std::vector<std::string> names = kStatusClasses;
  names.emplace_back("size");
  const std::size_t size = names.size() - 1;
  for (const std::string_view code : kCodes) names.push_back("squid_" + std::string(code));
  names.emplace_back("elapsed");
  const auto sort = [request, size](std::string_view line, std::span<double> totals) {
    re2::StringPiece elapsed;
    re2::StringPiece code;
    re2::StringPiece status;
    re2::StringPiece bytes;
    if (!RE2::PartialMatch(piece(line), *request, &elapsed, &code, &status, &bytes)) {
      return Reading::PassedBy;
    }
    const auto milliseconds = number_in(view(elapsed));
    const auto length = number_in(view(bytes));
    if (!milliseconds || !length) return Reading::Bad;
    // 000: the client went before there was a status.
    const std::size_t place = status_class(status);
    if (place < kStatusClasses.size()) ++totals[place];
    totals[size] += *length;
    ++totals[size + 1 + place_of(view(code), kCodes)];
    totals.back() += *milliseconds;
    return Reading::Taken;
  };
  return std::make_unique<LineTally>("squid 1", std::move(names), kSecond, sort);
}

std::unique_ptr<LogParser> make_log4j_parser(const std::vector<std::string>& levels) {
  // One blank in the time stamp, as log4j's ISO8601 has it; a level may be padded or in brackets.
  const Expression stamp = expression(
      R"(^[-_:.0-9][-_:.,/0-9TZ+]*(?: [0-9][-_:.,0-9Z+]*)? +\[?([A-Za-z0-9_]+)(?:[^A-Za-z0-9_]|$))");
  const auto sort = [stamp, levels](std::string_view line, std::span<double> totals) {
    re2::StringPiece level;
    if (!RE2::PartialMatch(piece(line), *stamp, &level)) return Reading::PassedBy;
    const auto found = std::ranges::find(levels, view(level));
    if (found == levels.end()) return Reading::PassedBy;
    ++totals[static_cast<std::size_t>(found - levels.begin())];
    return Reading::Taken;
  };
  return std::make_unique<LineTally>("log4j 1", levels, kSecond, sort);
}

std::unique_ptr<LogParser> make_apache_error_parser() {
  // [time] [level] of 2.2, [time] [module:level] since 2.4.
  const Expression stamp = expression(R"(^\[[^\]]+\] \[(?:[^\]:]*:)?([a-z0-9]+)\](?: |$))");
  static constexpr std::array<std::string_view, 5> kLevels = {"notice", "warn", "error", "crit",
                                                              "other"};
  const auto sort = [stamp](std::string_view line, std::span<double> totals) {
    re2::StringPiece level;
    if (!RE2::PartialMatch(piece(line), *stamp, &level)) return Reading::PassedBy;
    ++totals[place_of(view(level), kLevels)];
    return Reading::Taken;
  };
  return std::make_unique<LineTally>("apache_error 1",
                                     std::vector<std::string>(kLevels.begin(), kLevels.end()),
                                     kTenSeconds, sort);
}

}  // namespace carbon_spool
