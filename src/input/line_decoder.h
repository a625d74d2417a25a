#pragma once

#include "stream_decoder.h"

namespace carbon_spool {

/// Streams of lines.
class LineDecoder final : public StreamDecoder {
 public:
  LineDecoder(Fragment& fragment, IngestThread& thread) : fragment_(fragment), thread_(thread) {}

  [[nodiscard]] bool take(std::string_view bytes, PointIntake& intake) override;
  void refuse_unfinished(PointIntake& intake) override;

 private:
  [[nodiscard]] bool keep_unfinished(std::string_view bytes, PointIntake& intake);

  Fragment& fragment_;
  IngestThread& thread_;
  bool skipping_ = false;  ///< inside a line that was refused for its length
};

}  // namespace carbon_spool
