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
/// kept in the column family `state` under `reader/<name>`. Moments are Unix milliseconds.
///
/// Invariant: received = acknowledged + waiting.points() + sum(dropped) + routed_elsewhere.
///            to_send is within waiting and resending together; kept and resending are outside
///            waiting, and of each other. While it is divided, to_send is what any share has to
///            send.
struct ReaderState {
  /// Acknowledged and kept to be sent again.
  struct Kept {
    RangeSet ranges;
    std::int64_t until =
        0;  ///< it is let go after that, unless it is within `keep_acknowledged_bytes`
  };

  /// Of one batch, the points that this reader does not send.
  struct LeftOut {
    std::uint64_t elsewhere = 0;
    std::uint64_t dropped = 0;  ///< by a route
    std::uint64_t poison = 0;   ///< set aside

    [[nodiscard]] std::uint64_t points() const { return elsewhere + dropped + poison; }
  };

  /// What is under way of one share, while it is divided.
  struct ShareState {
    RangeSet to_send;
    RangeSet sent_before;
    RangeSet done;  ///< acknowledged, while another share of it is not
  };

  // Kept on disk.
  Mark as_of;        ///< the end of the log that the rest of this refers to
  RangeSet waiting;  ///< accepted, not acknowledged
  std::uint64_t received = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t routed_elsewhere = 0;
  std::uint64_t sent = 0;
  std::uint64_t resent = 0;
  std::map<std::string, std::uint64_t> dropped;
  std::int64_t last_drop_at = 0;  ///< Unix seconds; 0: never
  std::deque<Kept> kept;          ///< in order of acknowledgement
  RangeSet resending;             ///< acknowledged once, being sent again
  std::map<std::string, TakerStats> takers;
  Mark began;  ///< it was given everything from there on; sequence 0: not known

  // Of this run only.
  bool orphan = true;  ///< nobody asked for it yet, or nobody uses it any more
  ReaderOptions options;
  Mark live_from;  ///< what is to be sent from here on is live, what is before it backlog
  RangeSet to_send;
  RangeSet sent_before;                  ///< put back after they had been sent
  std::map<Sequence, LeftOut> left_out;  ///< of batches that wait and were looked at
  RangeSet passed_over;                  ///< nothing in them was for this reader; not on disk yet
  std::vector<ShareState> shares;        ///< none: it is whole

  /// The log grew by `range`, and this reader gets it.
  void receive(const Range& range);
  /// The log grew by `range`, but `reason` keeps it from this reader.
  void miss(const Range& range, const std::string& reason, std::int64_t now_seconds);
  /// Returns what this reader may need no more: it neither waits for it nor keeps it.
  RangeSet acknowledge(const RangeSet& ranges, std::int64_t now, Share share = {});
  void put_back(const RangeSet& ranges, Share share = {});
  /// A batch was looked at, and is to be sent, but for what is left out.
  void take(const Batch& batch, const LeftOut& out, Share share = {});
  /// A batch was looked at, and nothing in it is for this reader, or for this share of it.
  void pass_over(const Range& range, const LeftOut& out, std::int64_t now, Share share = {});
  void begin_live();
  [[nodiscard]] std::optional<Sequence> next(Part part, Share share = {}) const;
  /// What is to be sent of all of it, or of that share; null if there is no such thing now.
  [[nodiscard]] const RangeSet* unsent_of(Share share) const;
  [[nodiscard]] RangeSet unsent() const;  ///< of what waits

  void resend_kept();
  /// Lets go what was kept long enough; returns it.
  RangeSet expire_kept(std::int64_t now);
  void forget_kept();
  [[nodiscard]] std::uint64_t kept_points() const;

  /// Needs nothing of `range` any more; what of it waited is dropped.
  void drop(const Range& range, const std::string& reason, std::int64_t now_seconds);

  [[nodiscard]] bool needs(Sequence first, Sequence last) const;

  // Dividing: reader_shares.cc.

  /// Into so many shares; 0: it is whole. All that was taken and not acknowledged is put back.
  void divide(std::size_t into);
  /// These are to be sent, in all shares.
  void want(const RangeSet& ranges);
  /// Nothing of this is to be sent, or under way.
  void forget_sending(const Range& range);
  /// Nothing of this is to be sent in that share.
  void forget_unsent(const Range& range, Share share);
  [[nodiscard]] bool was_sent_before(Sequence sequence, Share share) const;
  /// That share of these is done. Returns those that are done in every share.
  RangeSet finish_share(const RangeSet& ranges, std::size_t share);
  /// One share of these is done. What is left out of those that another share has yet to look at is
  /// found again then, and not remembered: one that is far behind must not take memory.
  void forget_what_others_look_at(const RangeSet& done);
  /// In how many pieces what is to be sent is, of the share where they are the most.
  [[nodiscard]] std::size_t most_gaps() const;
  /// True if there is nothing live to be sent of it, or of one of its shares.
  [[nodiscard]] bool some_share_has_nothing_live() const;

  /// Takes the batches of `ranges` out of `left_out` and counts what they leave out. Returns that.
  std::uint64_t settle_left_out(const RangeSet& ranges);
  void note_left_out(Sequence sequence, const LeftOut& out);
  void note_poison(Sequence sequence, std::uint64_t points, std::int64_t now_seconds);
  void count_left_out(const LeftOut& out);
  void forget_left_out(const Range& range);

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

  /// Nobody uses it any more: it is an orphan. Returns what it no longer keeps.
  RangeSet release(const std::string& name);

  /// Positions may have been lost with what held them: a reader that is not known begins with all
  /// that is there, and nobody's batches are unneeded, until this is taken back with an empty set.
  void begin_unknown_readers_with(RangeSet readable) { readable_ = std::move(readable); }

  /// The cap takes this from those as well.
  void forget_readable(const Range& range) { readable_.erase(range); }

  /// A reader whose position cannot be read begins with `readable`; what is missing in it is lost.
  void restore_lost(const std::string& name, const RangeSet& readable);

  /// What waits for `orphan` waits for `heir`, as far as that did not get it itself. Without a
  /// position `heir` that of the orphan becomes it. Returns what `heir` got.
  RangeSet hand_over(const std::string& orphan, const std::string& heir);

  /// Puts what an earlier run left in front of what this one did without it. What this one did
  /// begins at `begin`, far behind the end of the earlier.
  void put_in_front(Ledger&& earlier, const Mark& begin);

  /// The parts of `ranges` that no reader needs.
  [[nodiscard]] RangeSet unneeded(RangeSet ranges) const;
  [[nodiscard]] bool needed(Sequence first, Sequence last) const;

  /// All that any reader waits for.
  [[nodiscard]] RangeSet waiting() const;

 private:
  Mark end_{Sequence{1}, 0, 0};
  Readers readers_;
  RangeSet readable_;
};

[[nodiscard]] std::string encode_mark(const Mark& mark);
[[nodiscard]] Result<Mark> decode_mark(std::string_view stored);

}  // namespace carbon_spool
