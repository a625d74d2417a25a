// carbon-spool tail --dry-run: what the lines of log files come to, without sending or keeping
// anything.

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <numeric>
#include <string>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/base/log.h"
#include "carbon_spool/input/tail_preview.h"

#include "commands.h"
#include "fail.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

/// The tail input of that name, or the only one.
Result<TailInputOptions> input_of(const Config& config, const std::string& name) {
  std::string names;
  const InputOptions* found = nullptr;
  std::size_t fitting = 0;
  for (const InputOptions& each : config.inputs) {
    if (each.type != InputType::Tail) continue;
    names += (names.empty() ? "" : ", ") + each.name;
    if (!name.empty() && each.name != name) continue;
    found = &each;
    ++fitting;
  }
  if (fitting == 1) return found->tail;
  if (names.empty()) return Error{"the configuration has no input of type = \"tail\""};
  if (name.empty()) return Error{"--input: expected one of " + names};
  return Error{"--input: expected one of " + names + ", found " + quote_for_log(name)};
}

}  // namespace

int tail(const TailArguments& arguments) {
  if (!arguments.dry_run) {
    return fail("tail: the daemon follows files; give --dry-run to see what it would make of them",
                kExitBadUsage);
  }
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  auto input = input_of(*config, arguments.input);
  if (!input) return fail(input.error().message, kExitBadUsage);
  if (!arguments.logs.empty()) {
    input.value().paths.clear();
    for (const std::string& each : arguments.logs) {
      input.value().paths.push_back(std::filesystem::absolute(each));
    }
  }
  const auto seen = preview_tail(input.value(), system_clock().unix_seconds(),
                                 [](std::string_view point) { std::cout << point; });
  std::cout.flush();
  if (!seen) return fail(seen.error().message, kExitNeedsALook);
  for (const auto& [file, why] : seen.value().failing)
    fail(std::string(file).append(": ").append(why), kExitNeedsALook);
  if (seen.value().files == 0) return fail("there is no such file", kExitNeedsALook);
  const RefusalCounts& refused = seen.value().refused;
  const auto lines = std::accumulate(refused.begin(), refused.end(), std::uint64_t{0});
  if (lines > 0) fail(std::to_string(lines) + " lines were refused", kExitNeedsALook);
  return seen.value().failing.empty() ? kExitGood : kExitNeedsALook;
}

}  // namespace carbon_spool
