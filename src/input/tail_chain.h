#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/base/units.h"

#include "tail_part.h"
#include "tail_places.h"
#include "tail_search.h"

namespace carbon_spool {

/// A log under one name, whatever its rotation does: each line of each generation once, in order.
///
/// Rename:       the old file is read on until the new one has lines and the old one has been quiet
///               for a while.
/// Copytruncate: what was not read yet is read from the copy.
/// Several generations between two looks, compressed ones too, are found by their names and by
/// what they begin with (`LogPlace`). Threads: one.
class TailChain {
 public:
  /// `patience`: how long a file that was renamed is read on after its last line; its writer may
  /// not have noticed yet.
  TailChain(std::string path, Milliseconds patience)
      : path_(std::move(path)), patience_(patience) {}

  /// Begins behind the last whole line that there is now. False in the `Result`'s value if the file
  /// is not there.
  [[nodiscard]] Result<bool> begin_at_end(std::int64_t now);
  /// Begins where an earlier process has stopped, and finds what has come since. Without parts:
  /// with all that was written since `seen_at`, and the file itself in any case.
  [[nodiscard]] Result<void> begin_at(const TailPlaces& places, std::int64_t now);
  /// Begins with a part that another chain had under another name.
  void adopt(TailPart part);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] bool empty() const { return parts_.empty(); }
  [[nodiscard]] const TailPart& newest() const { return parts_.back(); }
  /// The part of that file goes; it is followed under another name now.
  [[nodiscard]] std::optional<TailPart> give_up(FileId file);

  /// Finds generations that are new. `now`: Unix milliseconds.
  [[nodiscard]] Result<void> look(std::int64_t now);

  /// Something looks as if a copy of the log was just being made: look again soon.
  [[nodiscard]] bool is_undecided() const { return is_undecided_; }

  /// Gives lines to `taker`, a bounded number. `buffer`: of kLongestLogLine bytes. Changed: call
  /// `look` first.
  [[nodiscard]] TailProgress read(std::span<char> buffer, TailTaker& taker, std::string& why);

  /// Lets go of generations that are read to their end and written no more.
  void leave_finished(std::span<char> buffer, TailTaker& taker);
  /// The file has been deleted, and nothing more of it is to come.
  [[nodiscard]] bool is_over() const;

  /// Bytes of the generations that are followed now that were read.
  [[nodiscard]] std::uint64_t passed() const;
  [[nodiscard]] TailPlaces places() const;
  /// Whether places have changed since this was last asked.
  [[nodiscard]] bool take_changed();
  /// What is to be said to the operator since this was last asked: lines that may be missing.
  [[nodiscard]] std::vector<std::string> take_complaints();

 private:
  [[nodiscard]] Result<void> restore_part(const TailPlaces::Part& saved, TailSearch& search);
  [[nodiscard]] Result<void> relocate(std::int64_t now);
  void drop_empty_parts(TailSearch& search);
  [[nodiscard]] Result<void> go_on_in(TailSearch& search, const TailFound& found,
                                      std::size_t index);
  [[nodiscard]] Result<void> add_unread(TailSearch& search, const TailFound& found,
                                        const std::optional<TailPlaces::Part>& anchor);
  [[nodiscard]] Result<bool> is_written_since(LogGeneration& generation) const;
  [[nodiscard]] bool has_part(FileId file) const;
  [[nodiscard]] bool has_rotated() const;
  [[nodiscard]] bool newer_has_lines(std::size_t index) const;
  [[nodiscard]] bool is_left(std::size_t index, TailPart::Steady::time_point now) const;
  [[nodiscard]] bool finish_half_line(std::size_t index, std::span<char> buffer, TailTaker& taker);

  const std::string path_;
  const Milliseconds patience_;
  std::deque<TailPart> parts_;  ///< oldest first
  std::optional<TailPlaces::Part> finished_;
  /// Empty parts that are to be found again, and whether they are copies.
  std::map<FileId, bool> dropped_;
  std::int64_t seen_at_ = 0;
  bool truncated_ = false;  ///< the newest part that has lines
  LogListing listing_;      ///< at the last look
  bool is_undecided_ = false;
  bool changed_ = false;     ///< since `take_changed`, but for offsets
  std::uint64_t noted_ = 0;  ///< `passed`, then
  std::vector<std::string> complaints_;
};

}  // namespace carbon_spool
