#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/queue/batch.h"

namespace carbon_spool {

/// The value of one key of the column family `batches`: this header, then the lines. All numbers
/// little-endian. These bytes are on people's disks: a change needs a new format.
///
///   offset  0  u8   format, kBatchFormat
///           1  u8   zero, three times
///           4  u32  points
///           8  u64  sequence, as the key has it
///          16  u64  points of the log before this batch
///          24  u64  bytes of plaintext of the log before this batch
///          32  i64  accepted at, Unix milliseconds
///          40  u32  least timestamp of its points
///          44  u32  greatest timestamp of its points
inline constexpr std::uint8_t kBatchFormat = 1;
inline constexpr std::size_t kBatchHeaderBytes = 48;

/// The value of one key of the column family `shrunk`: that header but for format and points, which
/// are those that are left, then this, then the lines that are left, perhaps none.
///
///   offset 48  u32  points of the batch as it was accepted
///          52  u32  bytes of its plaintext as it was accepted
///          56  u32  of the points that are not left those that a route dropped
///          60  u32  zero
inline constexpr std::uint8_t kShrunkBatchFormat = 2;
inline constexpr std::size_t kShrunkBatchHeaderBytes = 64;

/// What a producer contributed to a batch.
struct ProducerShare {
  ProducerId from;
  std::uint64_t points = 0;
};

/// Turns builders into batches of the log.
class BatchEncoder {
 public:
  /// Moves the lines of `from` behind those of `to` if they fit; false: nothing was done. Neither
  /// may have notes.
  static bool join(BatchBuilder& to, const BatchBuilder& from);

  [[nodiscard]] static std::vector<ProducerShare> shares(const BatchBuilder& builder);

  /// The builder has none after that.
  [[nodiscard]] static std::map<std::string, std::string> take_notes(BatchBuilder& builder);

  /// Writes the header. The batch begins at `begin`; the builder is used up.
  [[nodiscard]] static BatchPtr finish(BatchBuilder builder, const Mark& begin,
                                       std::int64_t accepted_at);
};

/// The bytes that are stored for a batch made by `BatchEncoder::finish` or `decode_batch`.
[[nodiscard]] std::string_view stored_bytes(const Batch& batch);

/// What is stored of a batch of which only `points` points, `lines`, are left. Of the others a
/// route dropped `dropped`.
[[nodiscard]] std::string encode_shrunk(const Batch& batch, std::string_view lines,
                                        std::uint64_t points, std::uint64_t dropped);

/// Reads a stored value. Fails if it is not a batch of that sequence in a format known here.
[[nodiscard]] Result<BatchPtr> decode_batch(Sequence sequence, std::string_view stored);

}  // namespace carbon_spool
