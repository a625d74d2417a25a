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

RegexMatcher::RegexMatcher(const RegexMetric& metric) {
  RE2::Options options;
  // Log lines are in any encoding: in UTF-8, too, bytes of an expression match the same bytes.
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  options.set_max_mem(kMostMemory);
  expression_ = std::make_unique<const RE2>(metric.match, options);
  if (!expression_->ok()) {
    set_flaw("match", expression_->error());
    return;
  }
  read_name(metric.name);
  read_value(metric);
  groups_.resize(static_cast<std::size_t>(expression_->NumberOfCapturingGroups()) + 1);
}

void RegexMatcher::read_name(std::string_view name) {
  if (name.empty()) return set_flaw("name", "expected a metric's name");
  if (name.find_first_of(" \t") != std::string_view::npos) {
    return set_flaw("name", "expected a metric's name, without blanks");
  }
  while (!name.empty()) {
    Piece piece{std::string(name.substr(0, name.find_first_of("{}"))), 0};
    name.remove_prefix(piece.text.size());
    if (!name.empty()) {
      const std::size_t close = name.find('}');
      if (name.front() != '{' || close == std::string_view::npos) {
        return set_flaw("name", "expected a group's name between { and }");
      }
      const std::string group(name.substr(1, close - 1));
      piece.group = group_of(group);
      if (piece.group == 0) return set_flaw("name", "\"match\" has no group \"" + group + "\"");
      name.remove_prefix(close + 1);
    }
    name_.push_back(std::move(piece));
  }
}

void RegexMatcher::read_value(const RegexMetric& metric) {
  using enum RegexMetric::Kind;
  if (metric.value.empty()) {
    if (metric.kind == Gauge || metric.kind == Timer) {
      set_flaw("value", "expected the name of a group of \"match\"");
    }
    return;
  }
  value_group_ = group_of(metric.value);
  if (value_group_ == 0) {
    set_flaw("value", "\"match\" has no group \"" + metric.value + "\"");
  }
}

void RegexMatcher::set_flaw(std::string_view member, std::string message) {
  if (!flaw_) flaw_ = {member, std::move(message)};
}

std::size_t RegexMatcher::group_of(const std::string& name) const {
  const auto& groups = expression_->NamedCapturingGroups();
  const auto found = groups.find(name);
  return found == groups.end() ? 0 : static_cast<std::size_t>(found->second);
}

std::optional<RegexMatcher::Found> RegexMatcher::find(std::string_view line) {
  if (flaw_) return std::nullopt;
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

std::optional<RegexMetricFlaw> flaw_of(const RegexMetric& metric) {
  return RegexMatcher(metric).flaw();
}

}  // namespace carbon_spool
