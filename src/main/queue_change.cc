// carbon-spool queue purge, adopt: what a person decides about what waits.

#include <iostream>

#include <unistd.h>

#include "carbon_spool/base/clock.h"
#include "carbon_spool/base/units.h"
#include "carbon_spool/daemon/queue_tools.h"

#include "commands.h"
#include "fail.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

std::string answer_to(const std::string& question) {
  std::cout << question << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer;
}

/// Twice, since it cannot be undone.
bool is_confirmed(const std::string& what, const std::string& name) {
  const std::string first = answer_to("Drop " + what + "? [y/N] ");
  if (first != "y" && first != "yes") return false;
  return answer_to("They are gone for good. Type \"" + name + "\" to go on: ") == name;
}

/// The names of the destinations to purge, with what waits for each; all if none is named.
Result<std::vector<DestinationStatus>> chosen(QueueTools& tools, const std::string& name) {
  auto status = tools.status();
  if (!status) return status.error();
  std::vector<DestinationStatus> found;
  std::string known;
  for (const DestinationStatus& each : status.value().destinations) {
    if (name.empty() || each.name == name) found.push_back(each);
    known += (known.empty() ? "" : ", ") + each.name;
  }
  if (found.empty() && name.empty()) return Error{"there is no destination in the queue"};
  if (found.empty()) return Error{"no destination \"" + name + "\"; there are: " + known};
  return found;
}

}  // namespace

int purge_queue(const PurgeArguments& arguments) {
  if (arguments.destination.empty() != arguments.all) {
    return fail("purge: name one destination, or --all of them", kExitBadUsage);
  }
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  std::optional<std::int64_t> accepted_before;
  if (!arguments.older_than.empty()) {
    const auto age = parse_duration(arguments.older_than);
    if (!age) return fail("--older-than: " + age.error().message, kExitBadUsage);
    accepted_before = system_clock().unix_seconds() * 1000 - age.value().count();
  }
  const auto tools = QueueTools::for_queue(*config);
  const auto destinations = chosen(*tools, arguments.destination);
  if (!destinations) return fail(destinations.error().message, kExitNeedsALook);
  std::string what =
      accepted_before ? "what was accepted more than " + arguments.older_than + " ago of " : "";
  for (const DestinationStatus& each : destinations.value()) {
    if (&each != &destinations.value().front()) what += ", ";
    what += std::to_string(each.points_pending) + " points that wait for " + each.name;
  }
  if (!arguments.yes) {
    if (::isatty(STDIN_FILENO) != 1) {
      return fail("purge: nobody can be asked; --yes goes on without", kExitBadUsage);
    }
    if (!is_confirmed(what, arguments.all ? "all" : arguments.destination)) {
      return fail("purge: nothing was dropped", kExitNeedsALook);
    }
  }
  for (const DestinationStatus& each : destinations.value()) {
    const auto purged = tools->purge(each.name, accepted_before);
    if (!purged) return fail(purged.error().message, kExitNeedsALook);
    std::cout << each.name << ": " << purged.value() << " points dropped\n";
  }
  return kExitGood;
}

int adopt_position(const AdoptArguments& arguments) {
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  const auto adopted =
      QueueTools::for_queue(*config)->adopt(arguments.orphan, arguments.destination);
  if (!adopted) return fail(adopted.error().message, kExitNeedsALook);
  std::cout << adopted.value() << " points that waited for " << arguments.orphan << " wait for "
            << arguments.destination << " now\n";
  return kExitGood;
}

}  // namespace carbon_spool
