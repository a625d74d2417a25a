#include "line_decoder.h"

#include <cstring>

#include "ingest_thread.h"
#include "point_intake.h"

namespace carbon_spool {

bool LineDecoder::take(std::string_view bytes, PointIntake& intake) {
  const std::size_t last = bytes.rfind('\n');
  if (last == std::string_view::npos) return keep_unfinished(bytes, intake);

  std::string_view lines = bytes.substr(0, last + 1);
  if (skipping_) {
    skipping_ = false;
    lines.remove_prefix(lines.find('\n') + 1);
  }
  if (!fragment_.empty()) {
    char* const front = thread_.read_area().data() - fragment_.size();
    std::memcpy(front, fragment_.view().data(), fragment_.size());
    lines = {front, fragment_.size() + lines.size()};
    fragment_.clear();
  }
  return intake.take_lines(lines) && keep_unfinished(bytes.substr(last + 1), intake);
}

bool LineDecoder::keep_unfinished(std::string_view bytes, PointIntake& intake) {
  if (skipping_ || bytes.empty()) return true;
  if (fragment_.size() + bytes.size() > kMaxLineBytes) {
    intake.refuse(Refusal::LineTooLong, fragment_.empty() ? bytes : fragment_.view());
    fragment_.clear();
    skipping_ = true;
    return true;
  }
  fragment_.append(bytes);
  return fragment_.survives_budget();
}

void LineDecoder::refuse_unfinished(PointIntake& intake) {
  if (fragment_.empty()) return;
  intake.refuse(Refusal::Unterminated, fragment_.view());
  fragment_.clear();
}

}  // namespace carbon_spool
