#include "sender.h"

namespace carbon_spool {
namespace {

constexpr const char* kNeverConfirms =
    "it takes everything and never closes its side, so nothing can be confirmed; if what stands "
    "before the server cannot do that, set acknowledge = \"kernel\" (docs/delivery.md)";

constexpr unsigned kSilentAreEnough = 3;

}  // namespace

void Sender::confirmed(Carrier& carrier) {
  carrier.connection->close();
  silent_in_a_row_ = 0;
  backoff_.connection_was_good();
  hold_until_ = present();
  if (carrier.trial) return end_trial(true);
  budget_.ended_clean(carrier.cargo.bytes());
  sources_.acknowledge(carrier.cargo.unload_all());
  // A server that is killed closes what it had read to the end as if it were well.
  if (carrier.bad_ends_before != bad_ends_) sources_.resend_kept();
  suspects_.vouch();
}

/// The current connection failed: there is none now, and none is to be opened in a hurry.
void Sender::lost(Carrier& carrier) {
  next_.reset();
  const bool lasted = present() - carrier.opened_at >= options_.backoff_max;
  const std::string why = carrier.connection->failure();
  end_unclean(carrier, Ending::Broken);
  // Servers close connections that were idle for long.
  if (lasted && !carrier.loaded) return;
  report_.down(why);
}

void Sender::not_confirmed(Carrier& carrier, Ending ending, Milliseconds timeout) {
  std::string why = carrier.connection->failure();
  if (ending == Ending::TimedOut) why = "took nothing for " + format_duration(timeout);
  if (ending == Ending::Silent) why = "did not close its side within " + format_duration(timeout);
  const std::uint64_t points = carrier.cargo.points();
  end_unclean(carrier, ending);
  report_.unconfirmed(why, points);
  if (never_confirms()) report_.error(kNeverConfirms);
}

void Sender::end_unclean(Carrier& carrier, Ending ending) {
  // A connection that lasted did no harm: knocking again at once does none either.
  if (present() - carrier.opened_at >= options_.backoff_max) backoff_.connection_was_good();
  set_back();
  silent_in_a_row_ = ending == Ending::Silent ? silent_in_a_row_ + 1 : 0;
  carrier.connection->abort();
  bad_end();
  if (carrier.trial) {
    // A slow peer needs more time for a trial too, or it would never end well.
    if (ending != Ending::Broken) budget_.timed_out(0, 1);
    return end_trial(false);
  }

  Cargo& cargo = carrier.cargo;
  if (ending == Ending::Broken) {
    budget_.ended_unclean(cargo.bytes(), cargo.batches());
  } else {
    budget_.timed_out(cargo.bytes(), cargo.batches());
  }
  const bool held = !by_kernel() && accuse(cargo, ending);
  const RangesBySource carried = cargo.unload_all();
  if (!held) sources_.put_back(carried);
}

void Sender::end_trial(bool clean) {
  const std::optional<Suspects::Resolved> resolved = suspects_.end_trial(clean);
  if (!resolved) return;
  if (!resolved->delivered) return sources_.put_back(resolved->ranges);
  if (!resolved->bad_lines.empty()) {
    report_.set_aside(resolved->bad_lines);
    sources_.acknowledge_without(resolved->ranges, resolved->bad_lines);
    return;
  }
  sources_.acknowledge(resolved->ranges);
}

bool Sender::accuse(const Cargo& cargo, Ending ending) {
  // In order the batch at fault is the first each time, and alone soon. One that makes the server
  // silent is not worth a search, each step of which holds up everything for `confirm_timeout`.
  if (cargo.batches() == 0) return false;
  if (cargo.batches() > 1 && (in_order() || ending != Ending::Broken)) return false;
  return suspects_.accuse(cargo.few());
}

bool Sender::never_confirms() const {
  return silent_in_a_row_ >= kSilentAreEnough;
}

/// The server may have died, with what it had confirmed and not stored yet.
void Sender::bad_end() {
  ++bad_ends_;
  sources_.resend_kept();
}

void Sender::set_back() {
  hold_until_ = present() + backoff_.next();
}

}  // namespace carbon_spool
