#pragma once

#include <string>
#include <string_view>

#include "carbon_spool/wire/refusal.h"

namespace carbon_spool {

/// How an input's counts of refused lines are kept beside the queue, so that they outlive a
/// restart.

/// The note's key for the input of that name.
[[nodiscard]] std::string refusal_note_key(std::string_view input);

/// `bad_value 3 no_value 1`: reasons and counts, those that are zero left out.
[[nodiscard]] std::string to_refusal_note(const RefusalCounts& counts);

/// Reads a note back. What it does not know is passed over.
[[nodiscard]] RefusalCounts from_refusal_note(const std::string& note);

}  // namespace carbon_spool
