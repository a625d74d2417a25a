#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/result.h"

#include "ledger.h"

namespace carbon_spool {

/// The keys of the column family `state` (docs/queue-format.md). They are on people's disks.
inline constexpr std::string_view kSchemaKey = "schema";
inline constexpr std::string_view kSchema = "2";
inline constexpr std::string_view kSchemaBeforeShrinking = "1";
/// "1" after an orderly end, "0" while the queue is open.
inline constexpr std::string_view kEndedInOrderKey = "ended-in-order";
inline constexpr std::string_view kLogKey = "log";            ///< the mark of its end
inline constexpr std::string_view kReaderPrefix = "reader/";  ///< then its name: ReaderState
inline constexpr std::string_view kProducerPrefix =
    "producer/";                                          ///< then its name: points, decimal
inline constexpr std::string_view kNotePrefix = "note/";  ///< then its key: text

/// An order of marks: by sequence.
[[nodiscard]] inline bool is_earlier(const Mark& a, const Mark& b) {
  return a.sequence < b.sequence;
}

/// What the column family says, decoded.
struct RestoredState {
  Ledger ledger;
  bool ended_in_order = true;
  std::map<std::string, std::uint64_t> producers;
  std::map<std::string, std::string> notes;
  std::vector<std::string> lost_positions;  ///< readers whose position cannot be decoded
};

/// Fails if it was written by a newer program.
[[nodiscard]] Result<void> check_schema(const std::map<std::string, std::string>& state);

/// `least_end`: the log ends there or later, as its batches tell.
[[nodiscard]] RestoredState restore(const std::map<std::string, std::string>& state,
                                    const Mark& least_end = {});

}  // namespace carbon_spool
