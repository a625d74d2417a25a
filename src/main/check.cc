#include <algorithm>
#include <future>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "carbon_spool/output/event_sender.h"
#include "carbon_spool/output/graphite_sender.h"

#include "commands.h"
#include "usable_config.h"

namespace carbon_spool {
namespace {

/// A server with nothing to read answers a half-close at once; what has not answered by then will
/// hardly do.
constexpr Milliseconds kLongestWait{10'000};

struct Verdict {
  bool good = false;
  std::string text;
};

Verdict judge(const SenderOptions& sender, const Probe& probe) {
  if (!probe.connected) return {false, "not connected: " + probe.error};
  const std::string connected = "connected to " + probe.peer;
  if (probe.confirmed) return {true, connected + ", would confirm"};
  // What is asked of it is only that its kernel takes bytes.
  const bool enough = sender.acknowledge == Acknowledge::Kernel;
  std::string text = connected + ", would not confirm: " + probe.error;
  if (!enough) text += "; see acknowledge = \"kernel\"";
  return {enough, text};
}

Verdict try_destination(const SenderOptions& sender) {
  const Milliseconds confirm_timeout = std::min(sender.confirm_timeout, kLongestWait);
  return judge(sender, probe_destination(sender.address, sender.connect_timeout, confirm_timeout));
}

Verdict try_event_destination(const EventSenderOptions& sender) {
  const Milliseconds answer_timeout = std::min(sender.confirm_timeout, kLongestWait);
  const Probe probe = probe_web(sender.address, sender.connect_timeout, answer_timeout);
  if (!probe.connected) return {false, "not connected: " + probe.error};
  const std::string connected = "connected to " + probe.peer;
  if (probe.confirmed) return {true, connected + ", tells which events it has"};
  return {false, connected + ", does not tell which events it has (events/get_data): " +
                     probe.error + "; after an interruption an event may arrive twice"};
}

/// All at the same time: a few that do not answer take no longer than one.
bool try_destinations(const Config& config) {
  std::vector<std::pair<std::string, std::future<Verdict>>> verdicts;
  for (const DestinationConfig& each : config.destinations) {
    verdicts.emplace_back(each.sender.name,
                          std::async(std::launch::async, try_destination, std::cref(each.sender)));
  }
  for (const EventDestinationConfig& each : config.event_destinations) {
    verdicts.emplace_back(each.sender.name, std::async(std::launch::async, try_event_destination,
                                                       std::cref(each.sender)));
  }
  bool all_good = true;
  for (auto& [name, coming] : verdicts) {
    const Verdict verdict = coming.get();
    all_good = all_good && verdict.good;
    std::cout << name << ": " << verdict.text << '\n';
  }
  return all_good;
}

}  // namespace

int check_config(const CheckArguments& arguments) {
  const std::optional<Config> config = usable_config(arguments.config_file);
  if (!config) return kExitBadUsage;
  std::cout << describe(*config) << std::flush;
  const std::vector<FolderProblem> problems = check_folders(*config);
  for (const FolderProblem& each : problems) {
    std::cerr << "carbon-spool: " << each.sentence << '\n';
  }
  const bool tried_well = !arguments.connect || try_destinations(*config);
  if (!problems.empty()) return kExitBadUsage;
  return tried_well ? kExitGood : kExitNeedsALook;
}

}  // namespace carbon_spool
