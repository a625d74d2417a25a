#include "point_intake.h"

#include <algorithm>

#include "carbon_spool/base/assert.h"

#include "ingest_thread.h"
#include "input_state.h"
#include "statsd_service.h"

namespace carbon_spool {
namespace {

/// More than the log shows.
constexpr std::size_t kSampleBytes = 200;

std::uint32_t stamp(const Clock& clock) {
  return static_cast<std::uint32_t>(
      std::clamp<UnixSeconds>(clock.unix_seconds(), 1, UnixSeconds{UINT32_MAX}));
}

}  // namespace

PointIntake::PointIntake(InputState& input, const Listening& listening, IngestThread& thread)
    : input_(input), listening_(listening), thread_(thread), now_(stamp(input.clock)) {}

BatchBuilder* PointIntake::builder() {
  BatchBuilder* const builder = thread_.gatherer().builder(input_.sink);
  // Looked at after `builder`, which may have been held back for long.
  return listening_.stopping.load() ? nullptr : builder;
}

void PointIntake::commit(BatchBuilder& builder, const WrittenPoints& points) {
  builder.commit(input_.producer, points.written, points.points, points.oldest_timestamp,
                 points.newest_timestamp);
  points_ += points.points;
}

bool PointIntake::take_lines(std::string_view lines) {
  if (input_.statsd != nullptr) return take_packet(lines);
  while (!lines.empty()) {
    BatchBuilder* const to = builder();
    if (to == nullptr) return false;
    std::string_view last_refused;
    const ParsedLines parsed = parse_lines(lines, to->room(), now_, refused_, &last_refused);
    if (last_refused.data() != nullptr) note_refused(last_refused);
    const bool progress = parsed.consumed > 0 || !to->empty();
    CS_ASSERT(progress);
    commit(*to, parsed);
    lines.remove_prefix(parsed.consumed);
    if (!lines.empty()) thread_.gatherer().hand_over();
  }
  return true;
}

bool PointIntake::take_datagram(std::string_view datagram, bool cut_off) {
  if (input_.statsd != nullptr && !cut_off) return take_packet(datagram);
  const std::size_t whole = datagram.rfind('\n') + 1;  // npos + 1 is 0
  const std::string_view last = datagram.substr(whole);
  if (!take_lines(datagram.substr(0, whole))) return false;
  if (last.empty()) return true;
  if (!cut_off) return take_unended_line(last);
  refuse(Refusal::Unterminated, last);
  return true;
}

bool PointIntake::take_unended_line(std::string_view line) {
  BatchBuilder* to = builder();
  if (to != nullptr && to->room().size() < line.size() + kMaxStampBytes) {
    thread_.gatherer().hand_over();
    to = builder();
  }
  if (to == nullptr) return false;
  const ParsedLines parsed = parse_line(line, to->room(), now_, refused_);
  commit(*to, parsed);
  if (parsed.points == 0) note_refused(line);
  return true;
}

bool PointIntake::take_pickle(std::string_view pickle) {
  PickleReader& reader = thread_.pickles();
  if (const auto reason = reader.read(pickle)) {
    refuse(*reason, pickle);
    return true;
  }
  while (!reader.all_written()) {
    BatchBuilder* const to = builder();
    if (to == nullptr) return false;
    RefusalCounts refused{};
    const WrittenPoints written = reader.write(to->room(), now_, refused);
    const bool any_refused = refused != RefusalCounts{};
    if (any_refused) {
      std::transform(refused.begin(), refused.end(), refused_.begin(), refused_.begin(),
                     std::plus<>());
      note_refused(reader.last_refused());
    }
    const bool progress = written.points > 0 || any_refused || !to->empty();
    CS_ASSERT(progress);
    commit(*to, written);
    if (!reader.all_written()) thread_.gatherer().hand_over();
  }
  return true;
}

bool PointIntake::take_packet(std::string_view packet) {
  if (listening_.stopping.load()) return false;
  const StatsdRefused refused = input_.statsd->take(packet);
  if (!refused.any()) return true;
  refused_[static_cast<std::size_t>(Refusal::BadLine)] += refused.bad_lines;
  refused_[static_cast<std::size_t>(Refusal::TooManyNames)] += refused.names;
  refused_[static_cast<std::size_t>(Refusal::TooMuchMemory)] += refused.values;
  note_refused(refused.sample);
  return true;
}

void PointIntake::refuse(Refusal reason, std::string_view sample) {
  ++refused_[static_cast<std::size_t>(reason)];
  note_refused(sample);
}

void PointIntake::note_refused(std::string_view sample) {
  any_refused_ = true;
  sample_ = sample.substr(0, kSampleBytes);
}

void PointIntake::report_refused(std::string_view peer) {
  input_.count_refused(refused_, sample_, peer);
  refused_ = {};
  any_refused_ = false;
}

}  // namespace carbon_spool
