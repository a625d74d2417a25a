#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "carbon_spool/input/input.h"
#include "carbon_spool/queue/batch.h"

#include "tail_part.h"

namespace carbon_spool {

struct InputState;
class TailFiles;

/// What becomes of the lines of a tail input: points for the sink, each in one step with the places
/// behind the lines that it was made of. Threads: one.
class TailIntake : public TailTaker {
 public:
  /// All files have been read for now. Returns in how long this is to be called again, whether or
  /// not there is anything new. `now`: Unix milliseconds.
  [[nodiscard]] virtual Milliseconds end_turn(std::int64_t now) = 0;
  /// Nothing more is read; what can be kept is kept.
  virtual void finish() = 0;
  /// The same, and what goes on has another parser or other names: points are made of the open
  /// interval now, stamped with its end.
  virtual void close() { finish(); }
  /// Why nothing can be taken; empty: it can.
  [[nodiscard]] virtual std::string failure() const { return {}; }
};

/// What all of them need. Outlives them.
struct TailSurroundings {
  InputState& input;
  TailFiles& files;
  const std::atomic<bool>& stopping;

  /// A builder; none if the sink has none now, or for long.
  [[nodiscard]] std::optional<BatchBuilder> obtain_builder() const;
  /// Hands over what the files have to be noted, with or without points.
  void add_notes(BatchBuilder& builder) const;
};

/// Lines are points as they are.
[[nodiscard]] std::unique_ptr<TailIntake> make_point_intake(const TailSurroundings& surroundings);

/// A parser says at each multiple of an interval what lines came to. Fails if there is no such
/// parser.
[[nodiscard]] Result<std::unique_ptr<TailIntake>> make_parser_intake(
    const TailInputOptions& options, const TailSurroundings& surroundings);

}  // namespace carbon_spool
