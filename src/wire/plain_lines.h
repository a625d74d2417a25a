#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "byte_marks.h"

namespace carbon_spool {

/// Lines that go through as they are.
struct PlainRun {
  const char* end;  ///< of the last
  std::uint32_t points = 0;
  std::uint32_t oldest_timestamp = UINT32_MAX;
  std::uint32_t newest_timestamp = 0;
};

/// Finds the lines that nearly all are: a path of at most kMaxElementBytes of printable ASCII, a
/// blank, `[-] digits [. digits]`, a blank, a timestamp of ten digits, LF. They need not be taken
/// apart, and runs of them are copied at once.
///
/// Vector instructions look at the bytes once, some hundred lines ahead. That leaves where fields
/// and lines end, and which bytes are no digits. From there on a line takes a few operations on
/// words, whatever its length, and no branch whose way the processor could not foresee.
class PlainLines {
 public:
  explicit PlainLines(std::string_view bytes, MarkBytes mark = byte_marker());

  /// The plain lines from `at` on, where a line begins, as many as `room` has space for (see
  /// `parse_lines`). `at` is never before the end of the last run.
  [[nodiscard]] PlainRun run_at(const char* at, std::size_t room);

 private:
  void look_ahead(const char* from);

  const MarkBytes mark_;
  const char* const end_;
  const char* seen_ = nullptr;  ///< what the marks count from
  std::size_t seen_bytes_ = 0;
  std::size_t next_end_ = 0;  ///< of those in the marks, the first that is not done with
  ByteMarks marks_;
};

}  // namespace carbon_spool
