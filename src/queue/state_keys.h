#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"

#include "ledger.h"

namespace carbon_spool {

/// The keys of the column family `state` (docs/queue-format.md). They are on people's disks.
inline constexpr std::string_view kSchemaKey = "schema";
inline constexpr std::string_view kSchema = "1";
/// "1" after an orderly end, "0" while the queue is open.
inline constexpr std::string_view kEndedInOrderKey = "ended-in-order";
inline constexpr std::string_view kLogKey = "log";            ///< the mark of its end
inline constexpr std::string_view kReaderPrefix = "reader/";  ///< then its name: ReaderState
inline constexpr std::string_view kProducerPrefix =
    "producer/";                                          ///< then its name: points, decimal
inline constexpr std::string_view kNotePrefix = "note/";  ///< then its key: text

/// What the column family says, decoded.
struct RestoredState {
  Ledger ledger;
  bool ended_in_order = true;
  std::map<std::string, std::uint64_t> producers;
  std::map<std::string, std::string> notes;
};

/// Fails if it cannot be read, or was written by a newer program.
[[nodiscard]] Result<void> restore(const std::map<std::string, std::string>& state,
                                   RestoredState& restored);

}  // namespace carbon_spool
