#include "expression_set.h"

#include <algorithm>

#include "rewrite.h"

namespace carbon_spool {
namespace {

/// What the set's automaton may take. It is built as names come, and anew when it is full. A
/// thousand ordinary expressions were seen to take less than 5 MiB with everything; the rest is for
/// those that are not ordinary.
constexpr std::int64_t kAutomatonBytes = 32 << 20;

RE2::Options set_options() {
  RE2::Options options = expression_options();
  options.set_max_mem(kAutomatonBytes);
  return options;
}

}  // namespace

ExpressionSet::ExpressionSet() : set_(set_options(), RE2::UNANCHORED) {}

std::optional<std::string> ExpressionSet::add(const std::string& expression) {
  auto alone = std::make_unique<RE2>(expression, expression_options());
  if (!alone->ok()) return alone->error();
  std::string error;
  if (set_.Add(expression, &error) < 0) return error;
  expressions_.push_back(std::move(alone));
  return std::nullopt;
}

bool ExpressionSet::compile() {
  return set_.Compile();
}

void ExpressionSet::find(std::string_view name, std::vector<int>& found) const {
  found.clear();
  if (expressions_.empty()) return;
  const re2::StringPiece text(name.data(), name.size());
  RE2::Set::ErrorInfo error{};
  if (set_.Match(text, &found, &error)) {
    std::sort(found.begin(), found.end());
    return;
  }
  if (error.kind == RE2::Set::kNoError) return;
  // The automaton of all of them had no room for this name. One by one they always work.
  found.clear();
  for (int i = 0; i < size(); ++i) {
    if (RE2::PartialMatch(text, *expressions_[static_cast<std::size_t>(i)])) found.push_back(i);
  }
}

}  // namespace carbon_spool
