#include "host_samples.h"

#include <algorithm>

#include "input_state.h"
#include "made_points.h"

namespace carbon_spool {
namespace {

/// How long a sample waits for the sink; less if the next one comes sooner.
constexpr Milliseconds kMostPatience{5000};
constexpr Milliseconds kLongestPause{1000};

}  // namespace

HostSamples::HostSamples(const HostInputOptions& options, InputState& input)
    : options_(options),
      interval_(Milliseconds(options.interval).count()),
      input_(input),
      sampler_(options.host),
      last_(now() / interval_) {}

std::int64_t HostSamples::now() const {
  return input_.clock.unix_milliseconds();
}

Milliseconds HostSamples::tick() {
  // One that was missed, in a sleep of the machine, is left out; a clock that is set back is
  // followed.
  if (const std::int64_t multiple = now() / interval_; multiple != last_) {
    last_ = multiple;
    sample();
  }
  const Milliseconds left((now() / interval_ + 1) * interval_ - now());
  return std::clamp(left, Milliseconds(1), kLongestPause);
}

void HostSamples::sample() {
  if (!hostname_) {
    const auto found = find_hostname(options_.host.hostname);
    if (!found) return note_failures({{"hostname", found.error().message}});
    hostname_ = found.value();
  }
  MadePoints points(input_, std::min(kMostPatience, Milliseconds(interval_ / 2)), "a sample");
  sampler_.sample(*hostname_, last_ * interval_ / 1000,
                  [&](std::string_view line) { points.add(line); });
  points.finish();
  note_failures(sampler_.failures());
}

void HostSamples::note_failures(const std::map<std::string, std::string>& failures) {
  input_.log_failures(failures_, failures);
  failures_ = failures;
}

}  // namespace carbon_spool
