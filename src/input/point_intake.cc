#include "point_intake.h"

#include <algorithm>

#include "carbon_spool/base/assert.h"

#include "ingest_thread.h"
#include "input_state.h"

namespace carbon_spool {
namespace {

/// More than the log shows of a line.
constexpr std::size_t kSampleBytes = 200;

std::uint32_t stamp(const Clock& clock) {
  return static_cast<std::uint32_t>(
      std::clamp<UnixSeconds>(clock.unix_seconds(), 1, UnixSeconds{UINT32_MAX}));
}

}  // namespace

PointIntake::PointIntake(InputState& input, const Listening& listening, IngestThread& thread)
    : input_(input), listening_(listening), thread_(thread), now_(stamp(input.clock)) {}

bool PointIntake::take_lines(std::string_view lines) {
  while (!lines.empty()) {
    BatchBuilder* const builder = thread_.gatherer().builder(input_.sink);
    // Looked at after `builder`, which may have been held back for long.
    if (builder == nullptr || listening_.stopping.load()) return false;
    std::string_view last_refused;
    const ParsedLines parsed = parse_lines(lines, builder->room(), now_, refused_, &last_refused);
    if (last_refused.data() != nullptr) note_refused(last_refused);
    const bool progress = parsed.consumed > 0 || !builder->empty();
    CS_ASSERT(progress);
    builder->commit(input_.producer, parsed.written, parsed.points, parsed.oldest_timestamp,
                    parsed.newest_timestamp);
    points_ += parsed.points;
    lines.remove_prefix(parsed.consumed);
    if (!lines.empty()) thread_.gatherer().hand_over();
  }
  thread_.gatherer().hand_over_after_burst();
  return true;
}

bool PointIntake::take_unended_line(std::string_view line) {
  BatchBuilder* builder = thread_.gatherer().builder(input_.sink);
  if (builder != nullptr && builder->room().size() < line.size() + kMaxStampBytes) {
    thread_.gatherer().hand_over();
    builder = thread_.gatherer().builder(input_.sink);
  }
  if (builder == nullptr || listening_.stopping.load()) return false;
  RefusalCounts refused{};
  const ParsedLines parsed = parse_line(line, builder->room(), now_, refused);
  builder->commit(input_.producer, parsed.written, parsed.points, parsed.oldest_timestamp,
                  parsed.newest_timestamp);
  points_ += parsed.points;
  if (parsed.points == 0) {
    std::transform(refused.begin(), refused.end(), refused_.begin(), refused_.begin(),
                   std::plus<>());
    note_refused(line);
  }
  thread_.gatherer().hand_over_after_burst();
  return true;
}

void PointIntake::refuse(Refusal reason, std::string_view line) {
  ++refused_[static_cast<std::size_t>(reason)];
  note_refused(line);
}

void PointIntake::note_refused(std::string_view line) {
  any_refused_ = true;
  sample_ = line.substr(0, kSampleBytes);
}

void PointIntake::report_refused(std::string_view peer) {
  input_.count_refused(refused_, sample_, peer);
  refused_ = {};
  any_refused_ = false;
}

}  // namespace carbon_spool
