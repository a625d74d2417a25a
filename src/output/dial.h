#pragma once

#include <optional>
#include <string>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/units.h"

#include "connection.h"

namespace carbon_spool {

/// What became of trying to reach an address.
struct Dialled {
  std::optional<StreamSocket> socket;  ///< connected
  std::string peer;                    ///< the address that answered
  std::string error;                   ///< why none did
};

/// Resolves the name anew and tries all of its addresses in turn, each for `timeout`.
[[nodiscard]] asio::awaitable<Dialled> dial(const Address& address, Milliseconds timeout);

}  // namespace carbon_spool
