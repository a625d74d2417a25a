#include <algorithm>
#include <utility>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/wire/graphite_lines.h"

#include "input_state.h"
#include "tail_files.h"
#include "tail_intake.h"

namespace carbon_spool {
namespace {

/// How long a sink that takes nothing is waited for, before something else is looked at.
constexpr Milliseconds kPatience{200};
constexpr Milliseconds kForLong{3'600'000};

class PointIntakeOfFiles final : public TailIntake {
 public:
  explicit PointIntakeOfFiles(const TailSurroundings& surroundings) : around_(surroundings) {}

  [[nodiscard]] std::size_t take(const std::string& file, std::string_view lines) override {
    if (!builder_) builder_ = around_.obtain_builder();
    if (!builder_) return 0;
    const auto now = static_cast<std::uint32_t>(
        std::clamp<UnixSeconds>(around_.input.clock.unix_seconds(), 1, UINT32_MAX));
    RefusalCounts refused{};
    std::string_view last_refused;
    const ParsedLines parsed = parse_lines(lines, builder_->room(), now, refused, &last_refused);
    CS_ASSERT(parsed.consumed > 0 || !builder_->empty());
    builder_->commit(around_.input.producer, parsed.written, parsed.points, parsed.oldest_timestamp,
                     parsed.newest_timestamp);
    if (last_refused.data() != nullptr) around_.input.count_refused(refused, last_refused, file);
    return parsed.consumed;
  }

  [[nodiscard]] bool commit() override {
    if (!builder_) builder_ = around_.obtain_builder();
    if (!builder_) return false;
    around_.add_notes(*builder_);
    around_.input.sink.submit(std::move(*builder_));
    builder_.reset();
    return true;
  }

  void count_too_long(const std::string& file) override {
    RefusalCounts refused{};
    refused[static_cast<std::size_t>(Refusal::LineTooLong)] = 1;
    around_.input.count_refused(refused, "a long line", file);
  }

  [[nodiscard]] Milliseconds end_turn(std::int64_t /*now*/) override {
    finish();
    return kForLong;
  }

  void finish() override {
    if (builder_ || around_.files.has_notes()) static_cast<void>(commit());
  }

 private:
  const TailSurroundings around_;
  std::optional<BatchBuilder> builder_;
};

}  // namespace

std::optional<BatchBuilder> TailSurroundings::obtain_builder() const {
  return input.sink.obtain_builder_within(stopping ? Milliseconds(0) : kPatience);
}

void TailSurroundings::add_notes(BatchBuilder& builder) const {
  for (auto& [key, text] : files.take_notes()) builder.add_note(key, std::move(text));
}

std::unique_ptr<TailIntake> make_point_intake(const TailSurroundings& surroundings) {
  return std::make_unique<PointIntakeOfFiles>(surroundings);
}

}  // namespace carbon_spool
