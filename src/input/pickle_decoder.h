#pragma once

#include <cstddef>
#include <cstdint>

#include "stream_decoder.h"

namespace carbon_spool {

/// Streams of frames of pickle. A whole one is read where it lies; what has come of an unfinished
/// one is in the fragment, so that a frame costs memory by what came of it, not by what its header
/// says.
class PickleDecoder final : public StreamDecoder {
 public:
  explicit PickleDecoder(Fragment& fragment) : fragment_(fragment) {}

  [[nodiscard]] bool take(std::string_view bytes, PointIntake& intake) override;
  void refuse_unfinished(PointIntake& intake) override;

 private:
  // Each takes its part off the front of `bytes`.
  [[nodiscard]] bool take_header(std::string_view& bytes, PointIntake& intake);
  [[nodiscard]] bool take_pickle(std::string_view& bytes, PointIntake& intake);

  [[nodiscard]] bool begin(std::size_t pickle_bytes, PointIntake& intake);

  Fragment& fragment_;              ///< of the header, or of the pickle
  bool has_header_ = false;         ///< the pickle is next, or the rest of it
  std::uint32_t pickle_bytes_ = 0;  ///< by the header
  std::uint32_t skip_bytes_ = 0;    ///< what is left of a frame that was refused for its length
};

}  // namespace carbon_spool
