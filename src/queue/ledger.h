#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/queue/queue.h"
#include "carbon_spool/queue/range_set.h"

namespace carbon_spool {

/// What one reader still needs of the log, and its counts. In memory only; `encode` gives what is
/// kept in the column family `state` under `reader/<name>`.
///
/// Invariant: received = acknowledged + waiting.points() + sum(dropped).
///            to_send is within waiting and resending together; kept and resending are outside
///            waiting.
struct ReaderState {
  // Kept on disk.
  Mark as_of;        ///< the end of the log that the rest of this refers to
  RangeSet waiting;  ///< accepted, not acknowledged
  std::uint64_t received = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t sent = 0;
  std::uint64_t resent = 0;
  std::map<std::string, std::uint64_t> dropped;
  std::int64_t last_drop_at = 0;  ///< Unix seconds; 0: never

  // Of this run only.
  bool orphan = true;  ///< nobody asked for it yet
  std::uint64_t keep_bytes = 0;
  RangeSet to_send;
  RangeSet sent_before;  ///< put back after they had been sent
  RangeSet resending;    ///< acknowledged once, being sent again
  std::deque<RangeSet>
      kept;  ///< acknowledged and kept to be sent again, in order of acknowledgement

  /// The log grew by `range`, and this reader gets it.
  void receive(const Range& range);
  /// The log grew by `range`, but `reason` keeps it from this reader.
  void miss(const Range& range, const std::string& reason, std::int64_t now);
  /// Returns what this reader may need no more: it neither waits for it nor keeps it.
  RangeSet acknowledge(const RangeSet& ranges);
  void put_back(const RangeSet& ranges);
  void resend_kept();
  /// Needs nothing of `range` any more; what of it waited is dropped.
  void drop(const Range& range, const std::string& reason, std::int64_t now);
  void forget_kept();

  [[nodiscard]] bool needs(Sequence first, Sequence last) const;

  [[nodiscard]] std::string encode() const;
  [[nodiscard]] static Result<ReaderState> decode(std::string_view stored);
};

/// The log as the readers see it: where it ends, and what each of them still needs. No disk, no
/// threads: `Queue` guards it and writes it down.
class Ledger {
 public:
  using Readers = std::map<std::string, ReaderState>;

  [[nodiscard]] const Mark& end() const { return end_; }
  void set_end(const Mark& end) { end_ = end; }

  [[nodiscard]] Readers& readers() { return readers_; }
  [[nodiscard]] const Readers& readers() const { return readers_; }

  /// Puts a reader that was found on disk at its old place; the log may have grown since.
  void restore(const std::string& name, ReaderState state);

  /// Finds the reader or makes it, and marks it as asked for. With `ReaderStart::Oldest` a new one
  /// gets all that any other reader still waits for.
  ReaderState& adopt(const std::string& name, const ReaderOptions& options);

  /// The parts of `ranges` that no reader needs.
  [[nodiscard]] RangeSet unneeded(RangeSet ranges) const;
  [[nodiscard]] bool needed(Sequence first, Sequence last) const;

  /// All that any reader waits for.
  [[nodiscard]] RangeSet waiting() const;

 private:
  Mark end_{Sequence{1}, 0, 0};
  Readers readers_;
};

[[nodiscard]] std::string encode_mark(const Mark& mark);
[[nodiscard]] Result<Mark> decode_mark(std::string_view stored);

}  // namespace carbon_spool
