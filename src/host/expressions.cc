#include "expressions.h"

#include <optional>

#include <re2/re2.h>

#include "carbon_spool/host/host_options.h"

namespace carbon_spool {
namespace {

RE2::Options quiet() {
  RE2::Options options;
  options.set_log_errors(false);
  return options;
}

bool matches(const RE2* expression, std::string_view text, RE2::Anchor anchor) {
  if (expression == nullptr) return false;
  return expression->Match({text.data(), text.size()}, 0, text.size(), anchor, nullptr, 0);
}

}  // namespace

Expressions::Expressions(const std::vector<std::string>& expressions) {
  if (expressions.empty()) return;
  std::string any;
  for (const std::string& each : expressions) any += (any.empty() ? "(?:" : "|(?:") + each + ")";
  any_ = std::make_unique<RE2>(any, quiet());
}

Expressions::~Expressions() = default;

bool Expressions::match_start_of(std::string_view text) const {
  return matches(any_.get(), text, RE2::ANCHOR_START);
}

bool Expressions::found_in(std::string_view text) const {
  return matches(any_.get(), text, RE2::UNANCHORED);
}

std::optional<std::string> fault_in_expression(const std::string& expression) {
  const RE2 compiled(expression, quiet());
  if (compiled.ok()) return std::nullopt;
  return compiled.error();
}

}  // namespace carbon_spool
