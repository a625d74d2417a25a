#include "tail_input.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <pthread.h>

#include "file_watch.h"
#include "input_state.h"
#include "tail_files.h"
#include "tail_intake.h"

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
    if (scan_ || Steady::now() >= scan_at_) scan(now_milliseconds());
    const TailProgress progress = intake_ ? files_.read(*intake_) : TailProgress::Held;
    const Milliseconds pause = intake_ ? intake_->end_turn(now_milliseconds()) : kScanEvery;
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

  [[nodiscard]] std::int64_t now_milliseconds() const {
    return std::chrono::duration_cast<Milliseconds>(input_.clock.now().time_since_epoch()).count();
  }

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

class TailInput final : public Input {
 public:
  TailInput(const InputOptions& options, ProducerId producer, PointSink& sink,
            const RefusalCounts& refused_before, const Clock& clock)
      : state_(options, producer, sink, clock, refused_before), prepared_(options.tail) {}

  ~TailInput() override { stop(); }

  [[nodiscard]] Result<void> prepare(const InputOptions& options) override {
    prepared_ = options.tail;
    return success();
  }

  void use_prepared() override {
    {
      const std::lock_guard lock(mutex_);
      if (in_use_ && *in_use_ == prepared_) return;
      in_use_ = prepared_;
      changed_ = true;
    }
    watch_.wake();
    if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  }

  /// The sink is never waited for for long, so this ends soon.
  void stop() override {
    stopping_ = true;
    watch_.wake();
    if (thread_.joinable()) thread_.join();
  }

  void finished() override {}
  [[nodiscard]] std::vector<Address> listening() const override { return {}; }

  [[nodiscard]] InputStats stats() const override {
    InputStats stats = state_.stats();
    const std::lock_guard lock(mutex_);
    stats.failing = failing_;
    stats.files = files_;
    return stats;
  }

  [[nodiscard]] std::optional<std::string> watch(const std::string&, const std::string&) override {
    return std::nullopt;
  }

 private:
  void run() {
    ::pthread_setname_np(::pthread_self(), "tail");
    std::optional<Tailing> tailing;
    while (!stopping_) {
      if (const auto options = take_change()) {
        if (tailing) tailing->finish(options);
        tailing.emplace(*options, state_, watch_, stopping_);
      }
      const Milliseconds pause = tailing->read();
      if (pause > kPace || std::chrono::steady_clock::now() >= show_at_) {
        show(tailing->failures(), tailing->followed());
      }
      tailing->wait(pause);
    }
    if (tailing) tailing->finish(std::nullopt);
  }

  [[nodiscard]] std::optional<TailInputOptions> take_change() {
    const std::lock_guard lock(mutex_);
    return std::exchange(changed_, false) ? in_use_ : std::nullopt;
  }

  void show(const std::map<std::string, std::string>& failures,
            const std::vector<FollowedFile>& files) {
    for (const auto& [what, why] : failures) {
      if (!failing_.contains(what)) state_.log_trouble(what + ": " + why);
    }
    for (const auto& [what, why] : failing_) {
      if (failures.contains(what)) continue;
      log(LogLevel::Info, "input " + state_.name + ": " + what + " works again");
    }
    show_at_ = std::chrono::steady_clock::now() + kShowEvery;
    const std::lock_guard lock(mutex_);
    failing_ = failures;
    files_ = files;
  }

  InputState state_;
  TailInputOptions prepared_;
  FileWatch watch_;
  std::chrono::steady_clock::time_point show_at_{};  ///< of the thread
  std::atomic<bool> stopping_{false};

  mutable std::mutex mutex_;
  std::optional<TailInputOptions> in_use_;      ///< guarded by mutex_
  bool changed_ = false;                        ///< guarded by mutex_; not yet taken up
  std::map<std::string, std::string> failing_;  ///< guarded by mutex_
  std::vector<FollowedFile> files_;             ///< guarded by mutex_

  std::thread thread_;
};

}  // namespace

std::unique_ptr<Input> start_tail_input(const InputOptions& options, ProducerId producer,
                                        PointSink& sink, const RefusalCounts& refused_before,
                                        const Clock& clock) {
  return std::make_unique<TailInput>(options, producer, sink, refused_before, clock);
}

}  // namespace carbon_spool
