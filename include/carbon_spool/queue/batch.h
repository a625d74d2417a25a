#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/queue/sequence.h"

namespace carbon_spool {

/// Whom points came from, for the accounting. Given out by `Queue::add_producer`.
struct ProducerId {
  std::uint32_t index = 0;
};

/// The most plaintext in one batch. It is also the most that is ever resent for one bad point, and
/// the size at which RocksDB appends at full speed (docs/queue-format.md).
inline constexpr std::size_t kMaxBatchBytes = 64 * 1024;

/// Gathers normalised lines until they are given to `Queue::submit`. Owns one buffer of
/// kMaxBatchBytes; never allocates per point. Threads: one at a time.
class BatchBuilder {
 public:
  BatchBuilder();

  /// Where the next lines are to be written.
  [[nodiscard]] std::span<char> room();

  /// Takes over what was written to the front of `room()`: `points` whole lines of `bytes` bytes
  /// together, with the least and greatest timestamp among them.
  void commit(ProducerId from, std::size_t bytes, std::uint32_t points,
              std::uint32_t oldest_timestamp, std::uint32_t newest_timestamp);

  /// A note (`Queue::put_note`) that is written in one step with the points: a crash leaves both or
  /// neither. One with the same key takes the place of an earlier one.
  void add_note(std::string key, std::string text);

  [[nodiscard]] bool empty() const { return points_ == 0 && notes_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t points() const { return points_; }
  [[nodiscard]] std::string_view lines() const;  ///< what was gathered
  [[nodiscard]] const std::map<std::string, std::string>& notes() const { return notes_; }

 private:
  friend class BatchEncoder;

  struct Share {
    ProducerId from;
    std::uint64_t points;
  };

  std::unique_ptr<char[]> buffer_;  ///< header's place, then kMaxBatchBytes
  std::size_t bytes_ = 0;
  std::uint32_t points_ = 0;
  std::uint32_t oldest_timestamp_ = UINT32_MAX;
  std::uint32_t newest_timestamp_ = 0;
  std::vector<Share> shares_;
  std::map<std::string, std::string> notes_;
};

/// A batch of the log: consecutive accepted points as normalised lines. Immutable; shared by all
/// readers that are at the same place.
class Batch {
 public:
  virtual ~Batch() = default;

  [[nodiscard]] const Range& range() const { return range_; }  ///< of exactly this batch
  /// In `lines`; fewer than in `range` if only some were chosen (`BatchSelector`), or if only those
  /// are left that somebody still needed a while ago: then perhaps none.
  [[nodiscard]] std::uint64_t points() const { return points_; }
  /// Of the points that are not left those that a route dropped; the others went elsewhere.
  [[nodiscard]] std::uint64_t dropped_by_routes() const { return dropped_by_routes_; }
  [[nodiscard]] std::string_view lines() const { return lines_; }  ///< ready to be sent as they are
  [[nodiscard]] std::int64_t accepted_at() const { return accepted_at_; }  ///< Unix milliseconds
  [[nodiscard]] std::uint32_t oldest_timestamp() const { return oldest_timestamp_; }
  [[nodiscard]] std::uint32_t newest_timestamp() const { return newest_timestamp_; }

 protected:
  Range range_;
  std::uint64_t points_ = 0;
  std::uint64_t dropped_by_routes_ = 0;
  std::string_view lines_;
  std::int64_t accepted_at_ = 0;
  std::uint32_t oldest_timestamp_ = 0;
  std::uint32_t newest_timestamp_ = 0;
};

using BatchPtr = std::shared_ptr<const Batch>;

}  // namespace carbon_spool
