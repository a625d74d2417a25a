#include "listenings.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace carbon_spool {

Result<void> Listenings::prepare(const InputOptions& options) {
  prepared_.clear();
  wanted_ = options.listen;
  for (const Address& each : wanted_) {
    if (std::ranges::any_of(all_, [&](const auto& one) { return one->configured == each; })) {
      continue;
    }
    if (auto prepared = prepare(each, options.type); !prepared) {
      prepared_.clear();
      return prepared.error().in("input " + options.name);
    }
  }
  return success();
}

Result<void> Listenings::prepare(const Address& address, InputType type) {
  if (!is_stream(address) && !takes_datagrams(type)) {
    return Error{"listen on " + to_string(address) + ": " + std::string(name_of(type)) +
                 " comes in streams"};
  }
  Result<std::vector<BoundSocket>> bound = bind_address(address);
  if (!bound) return bound.error();
  Prepared prepared{std::make_shared<Listening>(), std::move(bound.value())};
  prepared.listening->configured = address;
  for (BoundSocket& socket : prepared.sockets) {
    prepared.listening->bound.push_back(socket.address);
    if (socket.file) prepared.listening->files.push_back(std::move(*socket.file));
  }
  prepared_.push_back(std::move(prepared));
  return success();
}

Listenings::Change Listenings::use_prepared() {
  Change change;
  const std::lock_guard lock(mutex_);
  // Not std::ranges::stable_partition: clang 14 cannot read what libstdc++ returns from it.
  const auto gone = std::stable_partition(all_.begin(), all_.end(), [&](const ListeningPtr& each) {
    return std::ranges::find(wanted_, each->configured) != wanted_.end();
  });
  change.gone.assign(gone, all_.end());
  all_.erase(gone, all_.end());
  for (const Prepared& each : prepared_) all_.push_back(each.listening);
  change.come = std::exchange(prepared_, {});
  return change;
}

std::vector<Address> Listenings::addresses() const {
  const std::lock_guard lock(mutex_);
  std::vector<Address> addresses;
  for (const ListeningPtr& each : all_) {
    addresses.insert(addresses.end(), each->bound.begin(), each->bound.end());
  }
  return addresses;
}

}  // namespace carbon_spool
