#pragma once

#include <string>
#include <string_view>

#include "carbon_spool/route/routing_options.h"

namespace carbon_spool {

/// What the field's programs make of a metric's name before they hash it.

/// The name as carbon-c-relay cleanses what arrives. A byte that is none of `[-_:#0-9A-Za-z.]`
/// becomes
/// `_`, but not in tags; dots do not come first, nor last, nor two in a row, in tags neither,
/// except that with tags a name and the whole may end in one. A name of dots alone, which
/// carbon-c-relay discards, stays as it is. Written to `room` if there is anything to change.
[[nodiscard]] std::string_view cleansed(std::string_view name, std::string& room);

/// The name up to its tags.
[[nodiscard]] std::string_view without_tags(std::string_view name);

/// The name as carbon writes it with TAG_RELAY_NORMALIZED: tags in order, each once. As it is where
/// carbon cannot read its tags. Written to `room`.
[[nodiscard]] std::string_view normalized(std::string_view name, std::string& room);

}  // namespace carbon_spool
