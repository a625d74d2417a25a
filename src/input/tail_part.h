#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "carbon_spool/base/units.h"
#include "carbon_spool/logs/log_generation.h"
#include "carbon_spool/logs/log_place.h"

namespace carbon_spool {

/// Takes the lines of files that are followed.
class TailTaker {
 public:
  virtual ~TailTaker() = default;
  /// Whole lines, each with its LF. Returns how many bytes of them are done with; less than all: it
  /// has no room for more until `commit`.
  [[nodiscard]] virtual std::size_t take(const std::string& file, std::string_view lines) = 0;
  /// Makes room, by handing over what was taken, together with the places behind it. False: nothing
  /// is taken now.
  [[nodiscard]] virtual bool commit() = 0;
  /// Lines that are longer than any can be.
  virtual void count_too_long(const std::string& file) = 0;
};

/// What one look at a file came to.
enum class TailProgress {
  AtEnd,    ///< there is nothing more now
  More,     ///< there is more at once
  Held,     ///< the taker takes nothing now
  Changed,  ///< it is not the file that it was, or others have come before it
  Failed    ///< it cannot be read
};

/// The longest line that is read; it is in memory whole.
inline constexpr std::size_t kLongestLogLine = std::size_t{256} << 10;

/// One generation of a log that is being read, and how far. Threads: one.
class TailPart {
 public:
  using Steady = std::chrono::steady_clock;

  /// From its beginning.
  explicit TailPart(LogGeneration generation) : generation_(std::move(generation)) {}
  TailPart(LogGeneration generation, LogPlaceKeeper keeper, bool is_copy)
      : generation_(std::move(generation)), keeper_(std::move(keeper)), is_copy_(is_copy) {}

  [[nodiscard]] LogGeneration& generation() { return generation_; }
  [[nodiscard]] const LogGeneration& generation() const { return generation_; }
  [[nodiscard]] FileId id() const { return generation_.id(); }
  [[nodiscard]] std::uint64_t offset() const { return keeper_.offset(); }
  [[nodiscard]] LogPlace place() const { return keeper_.place(generation_.id()); }

  /// A copy of a log that was truncated afterwards: nobody writes to it, and its last line may go
  /// on in the next generation.
  [[nodiscard]] bool is_copy() const { return is_copy_; }
  /// Nobody writes to it any more.
  [[nodiscard]] bool is_still() const { return is_copy_ || generation_.is_compressed(); }
  /// Since when there has been nothing new; only after AtEnd.
  [[nodiscard]] Steady::time_point quiet_since() const { return quiet_since_; }
  [[nodiscard]] bool at_end() const { return at_end_; }

  /// Gives whole lines to `taker`, a bounded number of them. `buffer`: of kLongestLogLine bytes.
  /// `may_begin` is asked before the first lines are given, once they have been read. `why` is set
  /// if it failed.
  [[nodiscard]] TailProgress read(const std::string& file, std::span<char> buffer, TailTaker& taker,
                                  const std::function<bool()>& may_begin, std::string& why);
  /// What is behind the last whole line and the zeros there, at most kLongestLogLine bytes; nothing
  /// if it cannot be read.
  [[nodiscard]] std::string half_line(std::span<char> buffer);
  /// These came next, and are done with.
  void pass(std::string_view bytes);

 private:
  [[nodiscard]] TailProgress take(const std::string& file, std::string_view bytes,
                                  TailTaker& taker);
  [[nodiscard]] bool take_lines(const std::string& file, std::string_view lines, TailTaker& taker);
  [[nodiscard]] bool skip_hole();
  [[nodiscard]] bool is_as_it_was() const;

  /// Where to read on.
  [[nodiscard]] std::uint64_t position() const { return offset() + zeros_; }

  LogGeneration generation_;
  LogPlaceKeeper keeper_;
  /// Zeros behind the place that were looked through. In front of a line they are no part of it;
  /// they are passed with it, since a place behind nothing but zeros could be in any file.
  std::uint64_t zeros_ = 0;
  bool is_copy_ = false;
  bool skipping_ = false;  ///< inside a line that is too long
  bool at_end_ = false;
  LogGeneration::State state_;  ///< at the last reading
  std::int64_t read_at_ = 0;    ///< when that was, Unix milliseconds
  Steady::time_point quiet_since_ = Steady::now();
};

}  // namespace carbon_spool
