#include "tail_input.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <utility>

#include "file_watch.h"
#include "input_state.h"
#include "tail_files.h"
#include "tail_intake.h"
#include "thread_input.h"

namespace carbon_spool {
namespace {

/// How often files are looked for whatever the watch says.
constexpr Milliseconds kScanEvery{1000};
constexpr Milliseconds kScanAgainAfter{50};
/// Between two looks at files that are being written: a look at each line would cost too much.
constexpr Milliseconds kPace{10};
/// How old what `stats` say of files may be.
constexpr Milliseconds kShowEvery{50};

/// What the thread works with, under one set of options.
class Tailing {
 public:
  Tailing(const TailInputOptions& options, InputState& input, FileWatch& watch,
          const std::atomic<bool>& stopping)
      : options_(options),
        input_(input),
        watch_(watch),
        files_(input.name, input.sink),
        around_{input, files_, stopping} {
    if (options_.parser) {
      auto made = make_parser_intake(options_, around_);
      if (made) {
        intake_ = std::move(made.value());
      } else {
        broken_ = made.error().message;
      }
    } else {
      intake_ = make_point_intake(around_);
    }
    files_.follow(options_);
  }

  /// Reads what there is. Returns how long to wait for more.
  [[nodiscard]] Milliseconds read() {
    if (scan_ || Steady::now() >= scan_at_) scan(input_.clock.unix_milliseconds());
    const TailProgress progress = intake_ ? files_.read(*intake_) : TailProgress::Held;
    const Milliseconds pause =
        intake_ ? intake_->end_turn(input_.clock.unix_milliseconds()) : kScanEvery;
    for (const std::string& each : files_.take_complaints()) input_.log_trouble(each);
    if (progress == TailProgress::Changed) scan_ = true;
    if (progress == TailProgress::More || progress == TailProgress::Changed) {
      return Milliseconds(0);
    }
    const bool is_busy = files_.passed() != std::exchange(passed_, files_.passed());
    if (is_busy || progress == TailProgress::Held) return std::min(pause, kPace);
    if (std::exchange(armed_, true)) {
      return std::min(pause, files_.is_undecided() ? kScanAgainAfter : kScanEvery);
    }
    // What was written before this is seen by one more look.
    watch_.watch_once(files_.paths());
    return Milliseconds(0);
  }

  void wait(Milliseconds pause) {
    if (pause == Milliseconds(0)) return;
    if (watch_.wait(pause)) scan_ = true;
    armed_ = false;
  }

  /// `next`: what goes on; none: nothing.
  void finish(const std::optional<TailInputOptions>& next) {
    if (!intake_) return;
    if (!next) return intake_->finish();
    TailInputOptions same_lines = *next;
    same_lines.paths = options_.paths;
    same_lines.from_beginning = options_.from_beginning;
    same_lines.patience = options_.patience;
    same_lines == options_ ? intake_->finish() : intake_->close();
  }

  [[nodiscard]] std::map<std::string, std::string> failures() const {
    auto failures = files_.failures();
    const std::string why = intake_ ? intake_->failure() : broken_;
    if (!why.empty()) failures[intake_ ? "hostname" : "parser"] = why;
    return failures;
  }
  [[nodiscard]] std::vector<FollowedFile> followed() const { return files_.followed(); }

 private:
  using Steady = std::chrono::steady_clock;

  void scan(std::int64_t now) {
    scan_ = false;
    // Watched first: what comes while it is looked for wakes.
    watch_.watch_folders(files_.folders());
    files_.scan(now);
    scan_at_ = Steady::now() + (files_.is_undecided() ? kScanAgainAfter : kScanEvery);
  }

  const TailInputOptions options_;
  InputState& input_;
  FileWatch& watch_;
  TailFiles files_;
  TailSurroundings around_;
  std::unique_ptr<TailIntake> intake_;
  std::string broken_;  ///< why there is no intake
  bool scan_ = true;
  bool armed_ = false;  ///< each file's next change wakes
  std::uint64_t passed_ = 0;
  Steady::time_point scan_at_{};
};

class TailInput final : public ThreadInput {
 public:
  using ThreadInput::ThreadInput;
  ~TailInput() override { stop(); }

 private:
  void take_up(const InputOptions& options) override {
    if (tailing_) tailing_->finish(options.tail);
    tailing_.emplace(options.tail, state(), watch_, stopping());
  }

  [[nodiscard]] Milliseconds work() override {
    const Milliseconds pause = tailing_->read();
    if (pause > kPace || std::chrono::steady_clock::now() >= show_at_) {
      const auto failures = tailing_->failures();
      state().log_failures(shown(), failures);
      show_at_ = std::chrono::steady_clock::now() + kShowEvery;
      show(failures, tailing_->followed());
    }
    return pause;
  }

  void wait(Milliseconds most) override { tailing_->wait(most); }
  void wake() override { watch_.wake(); }

  void finish() override {
    if (tailing_) tailing_->finish(std::nullopt);
    tailing_.reset();
  }

  FileWatch watch_;
  // Of the thread.
  std::optional<Tailing> tailing_;
  std::chrono::steady_clock::time_point show_at_{};
};

}  // namespace

std::unique_ptr<Input> start_tail_input(const InputOptions& options, ProducerId producer,
                                        PointSink& sink, const RefusalCounts& refused_before,
                                        const Clock& clock) {
  return std::make_unique<TailInput>("tail", options, producer, sink, refused_before, clock);
}

}  // namespace carbon_spool
