#include "regex_matcher.h"

#include <utility>

#include "name_part.h"

namespace carbon_spool {
namespace {

constexpr std::int64_t kMostMemory = std::int64_t{8} << 20;  ///< of one expression: RE2's default

std::string_view view(const re2::StringPiece& piece) {
  return {piece.data(), piece.size()};
}

}  // namespace

RegexMatcher::RegexMatcher(std::unique_ptr<const RE2> expression)
    : expression_(std::move(expression)) {}

Result<RegexMatcher> RegexMatcher::make(const RegexMetric& metric) {
  RE2::Options options;
  // Log lines are in any encoding: in UTF-8, too, bytes of an expression match the same bytes.
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  auto expression = std::make_unique<const RE2>(metric.match, options);
  if (!expression->ok()) return Error{expression->error()}.in("match");
  RegexMatcher matcher(std::move(expression));
  const Result<void> named = matcher.read_name(metric.name);
  if (!named) return named.error().in("name");
  using enum RegexMetric::Kind;
  if (metric.value.empty()) {
    if (metric.kind == Gauge || metric.kind == Timer) {
      return Error{"expected the name of a group of \"match\""}.in("value");
    }
  } else {
    matcher.value_group_ = matcher.group_of(metric.value);
    if (matcher.value_group_ == 0) {
      return Error{"\"match\" has no group \"" + metric.value + "\""}.in("value");
    }
  }
  matcher.groups_.resize(static_cast<std::size_t>(matcher.expression_->NumberOfCapturingGroups()) +
                         1);
  return matcher;
}

Result<void> RegexMatcher::read_name(std::string_view name) {
  if (name.empty()) return Error{"expected a metric's name"};
  while (!name.empty()) {
    const std::size_t open = name.find_first_of("{}");
    Piece piece{std::string(name.substr(0, open)), 0};
    if (piece.text.find_first_of(" \t") != std::string::npos) return Error{"has a blank in it"};
    name.remove_prefix(piece.text.size());
    if (!name.empty()) {
      const std::size_t close = name.find('}');
      if (name.front() != '{' || close == std::string_view::npos) {
        return Error{"expected a group's name between { and }"};
      }
      const std::string group(name.substr(1, close - 1));
      piece.group = group_of(group);
      if (piece.group == 0) return Error{"\"match\" has no group \"" + group + "\""};
      name.remove_prefix(close + 1);
    }
    name_.push_back(std::move(piece));
  }
  return success();
}

std::size_t RegexMatcher::group_of(const std::string& name) const {
  const auto& groups = expression_->NamedCapturingGroups();
  const auto found = groups.find(name);
  return found == groups.end() ? 0 : static_cast<std::size_t>(found->second);
}

std::optional<RegexMatcher::Found> RegexMatcher::find(std::string_view line) {
  const re2::StringPiece text(line.data(), line.size());
  const bool matches = expression_->Match(text, 0, text.size(), RE2::UNANCHORED, groups_.data(),
                                          static_cast<int>(groups_.size()));
  if (!matches) return std::nullopt;
  Found found;
  for (const Piece& piece : name_) {
    found.name += piece.text;
    if (piece.group != 0) found.name += name_part(view(groups_[piece.group]));
  }
  if (value_group_ != 0) found.value = view(groups_[value_group_]);
  return found;
}

}  // namespace carbon_spool
