#pragma once

#include <memory>

#include "carbon_spool/input/input.h"

namespace carbon_spool {

/// An input that samples this machine, on a thread of its own, `host`. It listens nowhere. A change
/// of its options takes effect with `use_prepared`; rates then begin anew.
[[nodiscard]] std::unique_ptr<Input> start_host_input(const InputOptions& options,
                                                      ProducerId producer, PointSink& sink,
                                                      const RefusalCounts& refused_before,
                                                      const Clock& clock);

}  // namespace carbon_spool
