#include "pickle_decoder.h"

#include <algorithm>

#include "carbon_spool/wire/pickle_frames.h"

#include "fragment.h"
#include "point_intake.h"

namespace carbon_spool {
namespace {

/// A frame that is longer than it may be is skipped, and the stream goes on behind it, as long as
/// its length may be meant. Text that was sent here by mistake has lengths from half a GiB on:
/// nothing good will ever come of such a stream, and its sender is to notice.
constexpr std::size_t kMostSkipped = std::size_t{64} << 20;

/// Cuts `count` bytes off the front of `bytes`, or what there is.
std::string_view cut(std::string_view& bytes, std::size_t count) {
  const std::string_view front = bytes.substr(0, count);
  bytes.remove_prefix(front.size());
  return front;
}

}  // namespace

bool PickleDecoder::take(std::string_view bytes, PointIntake& intake) {
  while (!bytes.empty()) {
    if (skip_bytes_ > 0) {
      skip_bytes_ -= static_cast<std::uint32_t>(cut(bytes, skip_bytes_).size());
    } else if (!(has_header_ ? take_pickle(bytes, intake) : take_header(bytes, intake))) {
      return false;
    }
  }
  return true;
}

bool PickleDecoder::take_header(std::string_view& bytes, PointIntake& intake) {
  const std::string_view part = cut(bytes, kFrameHeaderBytes - fragment_.size());
  if (part.size() == kFrameHeaderBytes) return begin(frame_bytes(part), intake);
  fragment_.append(part);
  if (fragment_.size() < kFrameHeaderBytes) return fragment_.survives_budget();
  const std::size_t pickle_bytes = frame_bytes(fragment_.view());
  fragment_.clear();
  return begin(pickle_bytes, intake);
}

bool PickleDecoder::begin(std::size_t pickle_bytes, PointIntake& intake) {
  if (pickle_bytes == 0) return intake.take_pickle({});
  if (pickle_bytes > kMaxFrameBytes) {
    intake.refuse(Refusal::FrameTooLong, "a length of " + std::to_string(pickle_bytes));
    skip_bytes_ = static_cast<std::uint32_t>(pickle_bytes);
    return pickle_bytes <= kMostSkipped;
  }
  has_header_ = true;
  pickle_bytes_ = static_cast<std::uint32_t>(pickle_bytes);
  return true;
}

bool PickleDecoder::take_pickle(std::string_view& bytes, PointIntake& intake) {
  const std::string_view part = cut(bytes, pickle_bytes_ - fragment_.size());
  if (part.size() == pickle_bytes_) {
    has_header_ = false;
    return intake.take_pickle(part);
  }
  fragment_.append(part);
  if (fragment_.size() < pickle_bytes_) return fragment_.survives_budget();
  has_header_ = false;
  const bool taken = intake.take_pickle(fragment_.view());
  fragment_.clear();
  return taken;
}

void PickleDecoder::refuse_unfinished(PointIntake& intake) {
  if (!has_header_ && fragment_.empty()) return;
  intake.refuse(Refusal::Unterminated, fragment_.view());
  fragment_.clear();
  has_header_ = false;
}

}  // namespace carbon_spool
