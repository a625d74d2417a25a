#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/base/units.h"

namespace carbon_spool {

/// Bytes on one stream connection of their own, and whether the peer confirmed them, by the same
/// rule as a `GraphiteSender` with acknowledge = "close": a clean end of file after our half-close.
/// Nothing is kept and nothing is sent again. Every call blocks; each error says what went wrong,
/// with the peer's address. Threads: one.
class Delivery {
 public:
  /// Resolves the name and tries all of its addresses, each for `timeout`. `address`: tcp:// or
  /// unix://. From then on `timeout` is how long the peer's kernel may take no byte.
  [[nodiscard]] static Result<std::unique_ptr<Delivery>> connect(const Address& address,
                                                                 Milliseconds timeout);

  virtual ~Delivery() = default;

  /// Returns once our kernel has taken all of `bytes`.
  [[nodiscard]] virtual Result<void> write(std::string_view bytes) = 0;

  /// Half-closes and waits. Success: the peer has read everything that was written. The last call.
  [[nodiscard]] virtual Result<void> confirm() = 0;
};

}  // namespace carbon_spool
