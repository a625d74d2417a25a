#pragma once

#include <cstdint>

#include "moment.h"

namespace carbon_spool {

/// Events a second, smoothed over about ten seconds.
class Rate {
 public:
  void add(std::uint64_t events, Moment now);
  [[nodiscard]] double per_second(Moment now) const;

 private:
  double rate_ = 0;  ///< at `updated_`
  Moment updated_{};
};

}  // namespace carbon_spool
