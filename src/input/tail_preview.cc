#include "carbon_spool/input/tail_preview.h"

#include <atomic>

#include "input_state.h"
#include "tail_files.h"
#include "tail_intake.h"

namespace carbon_spool {
namespace {

/// Shows what is handed over, and forgets it.
class ShowingSink final : public PointSink {
 public:
  explicit ShowingSink(const std::function<void(std::string_view)>& point) : point_(point) {}

  std::optional<BatchBuilder> obtain_builder() override { return BatchBuilder(); }
  std::optional<BatchBuilder> obtain_builder_within(Milliseconds) override {
    return BatchBuilder();
  }
  std::uint64_t submit(BatchBuilder builder) override {
    for (std::string_view rest = builder.lines(); !rest.empty();) {
      const std::size_t end = rest.find('\n') + 1;
      point_(rest.substr(0, end));
      rest.remove_prefix(end);
    }
    return 0;
  }
  std::uint64_t submit_together(std::vector<BatchBuilder> builders) override {
    for (BatchBuilder& each : builders) submit(std::move(each));
    return 0;
  }
  void when_durable(std::uint64_t, std::function<void(bool)> then) override { then(false); }
  void keep(const std::string&, const std::string&) override {}
  [[nodiscard]] std::optional<std::string> kept(const std::string&) const override {
    return std::nullopt;
  }

 private:
  const std::function<void(std::string_view)>& point_;
};

class SetClock final : public Clock {
 public:
  explicit SetClock(std::int64_t unix_seconds) : now_(unix_seconds) {}
  [[nodiscard]] std::chrono::system_clock::time_point now() const override {
    return std::chrono::system_clock::time_point(now_);
  }
  void set(std::int64_t unix_seconds) { now_ = Seconds(unix_seconds); }

 private:
  Seconds now_;
};

}  // namespace

Result<TailPreview> preview_tail(const TailInputOptions& options, std::int64_t now,
                                 const std::function<void(std::string_view)>& point) {
  const std::int64_t interval = options.flush_interval.count();
  const std::int64_t end = (now + interval - 1) / interval * interval;
  SetClock clock(options.parser ? end - interval : now);
  const auto milliseconds = [&] { return clock.unix_seconds() * 1000; };

  ShowingSink sink(point);
  InputOptions input;
  input.name = "dry run";
  input.type = InputType::Tail;
  InputState state(input, {}, sink, clock, {});
  TailInputOptions from_beginning = options;
  from_beginning.from_beginning = true;
  TailFiles files(input.name, sink);
  const std::atomic<bool> stopping{false};
  const TailSurroundings around{state, files, stopping};
  auto intake = options.parser ? make_parser_intake(options, around)
                               : Result<std::unique_ptr<TailIntake>>(make_point_intake(around));
  if (!intake) return intake.error();

  files.follow(from_beginning);
  files.scan(milliseconds());
  static_cast<void>(intake.value()->end_turn(milliseconds()));  // the interval begins
  for (TailProgress progress = TailProgress::More;
       progress != TailProgress::AtEnd && progress != TailProgress::Failed;) {
    progress = files.read(*intake.value());
    if (progress == TailProgress::Changed) files.scan(milliseconds());
    if (!options.parser) static_cast<void>(intake.value()->end_turn(milliseconds()));
  }
  if (options.parser) clock.set(end);
  static_cast<void>(intake.value()->end_turn(milliseconds()));
  if (!intake.value()->failure().empty()) {
    return Error{intake.value()->failure()}.in("hostname");
  }
  return TailPreview{files.followed().size(), state.stats().refused, files.failures()};
}

}  // namespace carbon_spool
