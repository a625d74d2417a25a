#include <algorithm>

#include "carbon_spool/base/clock.h"

#include "sender.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kGatherBytes = 256 * 1024;  // of one write
constexpr std::size_t kMostLeaving = 2;
/// How often the kernel is asked what the peer has taken, while something is under way.
constexpr Milliseconds kLookEvery{200};
/// When a reader that has something could not give it: its disk may be failing.
constexpr Milliseconds kTakeAgainAfter{1'000};
/// What is older when its turn comes is no longer live: what came after it goes first.
constexpr Milliseconds kLiveFor{5'000};

}  // namespace

bool Sender::may_load(const Carrier& carrier) const {
  const Connection& connection = *carrier.connection;
  if (!connection.writable() || connection.crowded() || connection.unwritten() >= kGatherBytes) {
    return false;
  }
  if (suspects_.on_trial() || at_limit(carrier)) return false;
  if (in_order() && !leaving_.empty()) return false;
  return carrier.loaded || !holding();
}

void Sender::load(Carrier& carrier) {
  if (sends_no_more_) return;
  const bool trial_is_due = !carrier.loaded && suspects_.trial_is_due(sources_.has_unsent());
  // A trial that takes the server down must not take other connections with it.
  if (trial_is_due && !leaving_.empty()) return;
  if (!trial_is_due && !sources_.has_unsent()) return;
  if (carrier.connection->unwritten() == 0) carrier.connection->check_peer();
  if (carrier.connection->failed()) return;

  const bool first = !carrier.loaded;
  if (trial_is_due) {
    load_trial(carrier);
  } else {
    load_batches(carrier);
  }
  if (first) carrier.loaded_at = present();
  if (carrier.settled) carrier.next_look = present() + kLookEvery;
  carrier.settled = false;
}

void Sender::load_trial(Carrier& carrier) {
  const Suspects::Trial trial = suspects_.begin_trial();
  for (const Parcel& each : trial.parcels) {
    carrier.connection->load(each.batch, trial.part.empty() ? each.batch->lines() : trial.part);
  }
  carrier.loaded = true;
  carrier.trial = true;
}

void Sender::load_batches(Carrier& carrier) {
  Connection& connection = *carrier.connection;
  while (connection.unwritten() < kGatherBytes && !connection.crowded() &&
         (by_kernel() || budget_.has_room(carrier.cargo.bytes()))) {
    const std::optional<Parcel> parcel = take();
    if (!parcel) break;
    carrier.loaded = true;
    carrier.cargo.add(*parcel);
    connection.load(parcel->batch, parcel->batch->lines());
  }
}

std::optional<Parcel> Sender::take() {
  if (in_order()) return sources_.has_unsent(Part::Backlog) ? take_backlog() : take_live();
  if (auto live = take_live()) return live;
  return take_backlog();
}

std::optional<Parcel> Sender::take_live() {
  auto parcel = sources_.take(Part::Live);
  if (!parcel) return parcel;
  report_.sent(parcel->batch->points(), Part::Live);
  // A destination that was slow for a while has a backlog too.
  const Milliseconds accepted(parcel->batch->accepted_at());
  if (!in_order() && system_clock().now().time_since_epoch() - accepted > kLiveFor) {
    sources_.begin_live(parcel->source);
  }
  return parcel;
}

std::optional<Parcel> Sender::take_backlog() {
  if (!sources_.has_unsent(Part::Backlog) || !pace_.may_send(present())) return std::nullopt;
  auto parcel = sources_.take(Part::Backlog);
  if (!parcel) return parcel;
  report_.sent(parcel->batch->points(), Part::Backlog);
  pace_.sent(parcel->batch->points(), present());
  return parcel;
}

Milliseconds Sender::confirm_every() const {
  // What is being confirmed makes room for a trial already: a slow server has one to answer at a
  // time.
  if (suspects_.empty() || !leaving_.empty()) return options_.confirm_every;
  return std::min(options_.confirm_every, suspects_.confirm_every());
}

bool Sender::at_limit(const Carrier& carrier) const {
  if (!carrier.loaded || by_kernel()) return false;
  if (carrier.trial || !budget_.has_room(carrier.cargo.bytes())) return true;
  // A stalled peer would only be given one more connection to stall.
  return present() >= carrier.loaded_at + confirm_every() && !carrier.stalled;
}

/// So early that the next connection is open when this one is at its limit.
bool Sender::near_limit(const Carrier& carrier) const {
  if (!carrier.loaded || by_kernel()) return false;
  if (carrier.trial || budget_.nearly_used(carrier.cargo.bytes())) return true;
  const Milliseconds ahead = std::min(options_.connect_timeout, confirm_every() / 2);
  return present() >= carrier.loaded_at + confirm_every() - ahead;
}

bool Sender::is_done(const Carrier& carrier) const {
  if (expired()) return true;
  if (carrier.connection->unwritten() > 0 || leaving_.size() >= kMostLeaving) return false;
  if (draining_ && !has_unsent() && (sends_no_more_ || suspects_.empty() || carrier.loaded)) {
    return !by_kernel() || carrier.cargo.empty();
  }
  return at_limit(carrier) && (holding() || (next_ && next_->result));
}

Moment Sender::next_event(const Carrier& carrier) const {
  const Moment now = present();
  Moment next = deadline_;
  const auto consider = [&](Moment moment) {
    if (moment > now) next = std::min(next, moment);
  };
  consider(hold_until_);
  consider(sources_.next_reroute());
  if (has_unsent()) consider(now + kTakeAgainAfter);
  if (has_unsent() && sources_.has_unsent(Part::Backlog)) consider(pace_.next(now));
  if (!carrier.settled) consider(std::max(carrier.next_look, now + Milliseconds(1)));
  if (carrier.loaded && !by_kernel()) {
    const Moment limit = carrier.loaded_at + confirm_every();
    consider(limit);
    consider(limit - std::min(options_.connect_timeout, confirm_every() / 2));
  }
  return next;
}

/// Asks the kernel how the peer does, and with `acknowledge = "kernel"` what it has taken.
void Sender::look(Carrier& carrier) {
  if (carrier.settled || present() < carrier.next_look) return;
  Connection& connection = *carrier.connection;
  const PeerSample sample = connection.sample();
  carrier.next_look = sample.at + kLookEvery;
  carrier.settled = sample.queued == 0 && connection.unwritten() == 0;
  const Liveness::Verdict verdict = carrier.liveness.look(sample);
  carrier.stalled = verdict == Liveness::Verdict::Stalled;
  if (verdict == Liveness::Verdict::Gone) connection.fail("no answer to what was sent");
  if (verdict == Liveness::Verdict::Cut) {
    connection.fail("took nothing for " + format_duration(options_.stall_timeout));
  }
  if (by_kernel() && !connection.failed()) {
    sources_.acknowledge(carrier.cargo.unload(sample.taken()));
  }
}

}  // namespace carbon_spool
