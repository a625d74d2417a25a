#pragma once

#include <memory>

#include "carbon_spool/input/input.h"

namespace carbon_spool {

/// An input that takes events by HTTP, as graphite-web does, on a thread of its own, `events`. It
/// hands each to the sink as a batch of one line of JSON.
[[nodiscard]] std::unique_ptr<Input> make_event_input(const InputOptions& options,
                                                      ProducerId producer, PointSink& sink,
                                                      const RefusalCounts& refused_before,
                                                      const Clock& clock);

}  // namespace carbon_spool
