#include "liveness.h"

#include <algorithm>

namespace carbon_spool {
namespace {

constexpr Milliseconds kStalledAfter{5'000};
/// Longer than a radio link's usual gap; shorter than the kernel's quarter of an hour.
constexpr Milliseconds kGoneAfter{20'000};
/// With the kernel's doubling intervals about 25 seconds of silence.
constexpr unsigned kGoneProbes = 7;

}  // namespace

Liveness::Liveness(Milliseconds stall_timeout, Moment now)
    : stall_timeout_(stall_timeout),
      stalled_after_(std::min(kStalledAfter, stall_timeout / 2)),
      last_progress_(now) {}

Liveness::Verdict Liveness::look(const PeerSample& sample) {
  const bool progress = sample.taken() > last_taken_ || sample.queued < last_queued_;
  const bool was_idle = last_queued_ == 0 && sample.queued > 0;
  if (progress || was_idle) last_progress_ = sample.at;
  last_taken_ = sample.taken();
  last_queued_ = sample.queued;
  if (sample.queued == 0) return Verdict::Fine;

  const auto without_progress = sample.at - last_progress_;
  if (sample.tcp && without_progress >= kGoneAfter) {
    const bool no_ack = sample.tcp->unacknowledged && sample.tcp->retransmits > 0 &&
                        sample.tcp->since_last_ack >= kGoneAfter;
    if (no_ack || sample.tcp->unanswered_probes >= kGoneProbes) return Verdict::Gone;
  }
  if (without_progress >= stall_timeout_) return Verdict::Cut;
  return without_progress >= stalled_after_ ? Verdict::Stalled : Verdict::Fine;
}

}  // namespace carbon_spool
