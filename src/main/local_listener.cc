#include "local_listener.h"

#include <utility>

namespace carbon_spool {
namespace {

/// How to reach a listener of this machine from here.
Address reachable(Address address) {
  if (address.host == "0.0.0.0") address.host = "127.0.0.1";
  if (address.host == "::") address.host = "::1";
  return address;
}

}  // namespace

std::optional<Address> listener_of(const Config& config, InputType type) {
  std::optional<Address> datagrams;
  for (const InputOptions& input : config.inputs) {
    if (input.type != type) continue;
    for (const Address& each : input.listen) {
      using enum Address::Transport;
      if (each.path.empty() && each.port == 0) continue;
      if (each.transport == Tcp || each.transport == UnixStream) return reachable(each);
      if (!datagrams) datagrams = reachable(each);
    }
  }
  return datagrams;
}

}  // namespace carbon_spool
