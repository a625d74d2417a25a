#include <algorithm>
#include <utility>
#include <vector>

#include "carbon_spool/host/hostname.h"
#include "carbon_spool/logs/log_parser.h"
#include "carbon_spool/queue/queue.h"
#include "carbon_spool/wire/graphite_lines.h"

#include "input_state.h"
#include "tail_files.h"
#include "tail_intake.h"

namespace carbon_spool {
namespace {

constexpr std::int64_t kMillisecondsASecond = 1000;
/// How often the open interval is kept, so that little is read again after a crash.
constexpr Milliseconds kKeepEvery{10'000};
/// A clock that is set back by less is waited for: a multiple has its points once.
constexpr std::int64_t kSmallSetBack = 600;

/// The points of a flush. They are handed over in one step, with the notes, as far as one step
/// goes (`Queue::submit_together`); what is too much for it goes before.
class FlushedPoints final : public LogPoints {
 public:
  /// `before` and `behind`: of every name, with their dots.
  FlushedPoints(const TailSurroundings& around, std::string before, std::string behind,
                std::int64_t timestamp)
      : around_(around),
        before_(std::move(before)),
        behind_(std::move(behind)),
        timestamp_(std::to_string(timestamp)) {}

  void add(std::string_view name, std::string_view value) override {
    line_.assign(before_).append(name).append(behind_).append(" ");
    line_.append(value).append(" ").append(timestamp_);
    if (line_.size() > kMaxLineBytes || !has_room()) return;
    BatchBuilder& builder = builders_.back();
    RefusalCounts refused{};
    constexpr std::uint32_t kNotNeeded = 1;  // such lines have their timestamp
    const ParsedLines parsed = parse_line(line_, builder.room(), kNotNeeded, refused);
    builder.commit(around_.input.producer, parsed.written, parsed.points, parsed.oldest_timestamp,
                   parsed.newest_timestamp);
    if (parsed.points == 0) around_.input.count_refused(refused, line_, "a flush");
  }

  /// False: the input stops, and nothing of the last step was handed over.
  [[nodiscard]] bool hand_over() {
    line_.clear();
    if (builders_.empty() && !has_room()) return false;
    if (gave_up_) return false;
    around_.add_notes(builders_.back());
    around_.input.sink.submit_together(std::move(builders_));
    return true;
  }

 private:
  [[nodiscard]] bool has_room() {
    if (gave_up_) return false;
    if (!builders_.empty() && builders_.back().room().size() >= line_.size() + kMaxStampBytes) {
      return true;
    }
    if (builders_.size() == kMostTogether) {
      around_.input.sink.submit_together(std::exchange(builders_, {}));
    }
    while (!around_.stopping) {
      if (auto builder = around_.obtain_builder()) {
        builders_.push_back(std::move(*builder));
        return true;
      }
    }
    gave_up_ = true;
    return false;
  }

  const TailSurroundings& around_;
  const std::string before_;
  const std::string behind_;
  const std::string timestamp_;
  std::string line_;
  std::vector<BatchBuilder> builders_;
  bool gave_up_ = false;
};

class ParserIntakeOfFiles final : public TailIntake {
 public:
  ParserIntakeOfFiles(const TailInputOptions& options, const TailSurroundings& surroundings,
                      std::unique_ptr<LogParser> parser)
      : options_(options),
        around_(surroundings),
        interval_(options.flush_interval.count()),
        parser_(std::move(parser)) {
    const TailMemory& memory = around_.files.memory();
    flushed_ = memory.flushed;
    began_at_ = memory.began_at;
    if (memory.parser.empty()) return;
    if (const auto restored = parser_->restore(memory.parser); !restored) {
      around_.input.log_trouble("what an open interval had is lost: " + restored.error().message);
    }
  }

  [[nodiscard]] std::size_t take(const std::string& file, std::string_view lines) override {
    const std::size_t all = lines.size();
    const std::int64_t now = around_.input.clock.unix_milliseconds();
    while (!lines.empty()) {
      const std::size_t end = lines.find('\n');
      std::string_view line = lines.substr(0, end);
      lines.remove_prefix(end + 1);
      if (line.ends_with('\r')) line.remove_suffix(1);
      parser_->take(file, line, now);
    }
    return all;
  }

  [[nodiscard]] bool commit() override { return true; }

  void count_too_long(const std::string& file) override { count_bad(1, file); }

  [[nodiscard]] Milliseconds end_turn(std::int64_t now) override {
    const std::uint64_t bad = parser_->counts().bad;
    if (bad > bad_counted_) count_bad(bad - bad_counted_, "its files");
    bad_counted_ = bad;
    const std::int64_t multiple = now / kMillisecondsASecond / interval_ * interval_;
    if (began_at_ == 0) {
      began_at_ = now;
      flushed_ = multiple;
    }
    const bool is_due = multiple > flushed_ || multiple < flushed_ - kSmallSetBack - interval_;
    if (is_due) {
      flush(multiple, now, true);
    } else if (Steady::now() >= keep_at_ && around_.files.has_notes()) {
      keep();
    }
    const Milliseconds left((multiple + interval_) * kMillisecondsASecond - now);
    return std::clamp(left, Milliseconds(1), Milliseconds(kMillisecondsASecond));
  }

  void finish() override {
    if (began_at_ != 0 && !abandoned_) keep();
  }

  void close() override {
    if (began_at_ != 0) flush(flushed_ + interval_, around_.input.clock.unix_milliseconds(), false);
  }

  [[nodiscard]] std::string failure() const override { return failure_; }

 private:
  using Steady = std::chrono::steady_clock;

  void count_bad(std::uint64_t lines, const std::string& where) {
    RefusalCounts refused{};
    refused[static_cast<std::size_t>(Refusal::BadLine)] = lines;
    around_.input.count_refused(refused, "a bad line", where);
  }

  void flush(std::int64_t multiple, std::int64_t now, bool goes_on) {
    if (!hostname_) {
      const auto found = find_hostname(options_.hostname);
      failure_ = found ? "" : found.error().message;
      if (!found) return;
      hostname_ = found.value();
    }
    std::string before;
    for (const std::string& part : {options_.prefix, *hostname_}) {
      if (!part.empty()) before += part + ".";
    }
    const std::string behind = options_.suffix.empty() ? "" : "." + options_.suffix;
    FlushedPoints points(around_, before, behind, multiple);
    parser_->flush(Milliseconds(std::max<std::int64_t>(now - began_at_, 0)), now, points);
    flushed_ = multiple;
    began_at_ = now;
    around_.files.remember_interval(flushed_, began_at_, goes_on ? parser_->save() : "");
    abandoned_ = !points.hand_over();
    keep_at_ = Steady::now() + kKeepEvery;
  }

  /// The open interval, with the places behind its lines.
  void keep() {
    auto builder = around_.obtain_builder();
    if (!builder) return;
    around_.files.remember_interval(flushed_, began_at_, parser_->save());
    around_.add_notes(*builder);
    around_.input.sink.submit(std::move(*builder));
    keep_at_ = Steady::now() + kKeepEvery;
  }

  const TailInputOptions options_;
  const TailSurroundings around_;
  const std::int64_t interval_;  ///< seconds
  const std::unique_ptr<LogParser> parser_;
  std::optional<std::string> hostname_;
  std::string failure_;
  std::int64_t flushed_ = 0;   ///< the last multiple that has points
  std::int64_t began_at_ = 0;  ///< when the open interval began; 0: never
  bool abandoned_ = false;     ///< a flush was not taken before the stop: the next process makes it
  std::uint64_t bad_counted_ = 0;
  Steady::time_point keep_at_{};
};

}  // namespace

Result<std::unique_ptr<TailIntake>> make_parser_intake(const TailInputOptions& options,
                                                       const TailSurroundings& surroundings) {
  auto parser = make_log_parser(options.parser.value());
  if (!parser) return parser.error();
  return std::unique_ptr<TailIntake>(
      std::make_unique<ParserIntakeOfFiles>(options, surroundings, std::move(parser.value())));
}

}  // namespace carbon_spool
