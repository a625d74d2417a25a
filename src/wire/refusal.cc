#include "carbon_spool/wire/refusal.h"

namespace carbon_spool {

std::string_view name_of(Refusal reason) {
  static constexpr std::array<std::string_view, kRefusalCount> kNames = {
      // as they are declared
      "no_value",        "too_many_fields",  "bad_encoding", "line_too_long",  "path_too_long",
      "bad_value",       "bad_timestamp",    "unterminated", "frame_too_long", "bad_pickle",
      "unsafe_pickle",   "pickle_too_large", "bad_item",     "bad_line",       "too_many_names",
      "too_much_memory", "bad_request",      "bad_event",    "event_too_large"};
  return kNames.at(static_cast<std::size_t>(reason));
}

}  // namespace carbon_spool
