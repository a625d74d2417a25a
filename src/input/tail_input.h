#pragma once

#include <memory>

#include "carbon_spool/input/input.h"

namespace carbon_spool {

/// An input that follows files, on a thread of its own, `tail`. It listens nowhere, and begins with
/// `use_prepared`.
///
/// Exactly once: the places in files are notes of the sink, in one step with the points that were
///               made of the lines before them. What cannot be handed over is not read.
[[nodiscard]] std::unique_ptr<Input> start_tail_input(const InputOptions& options,
                                                      ProducerId producer, PointSink& sink,
                                                      const RefusalCounts& refused_before,
                                                      const Clock& clock);

}  // namespace carbon_spool
