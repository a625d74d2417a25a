#include "json_line.h"

#include <utility>

namespace carbon_spool {

std::optional<nlohmann::json> json_in(std::string_view line) {
  using Json = nlohmann::json;
  bool too_deep = false;
  const auto depth_limit = [&too_deep](int depth, Json::parse_event_t event, Json& /*value*/) {
    const bool opens =
        event == Json::parse_event_t::object_start || event == Json::parse_event_t::array_start;
    if (opens && depth >= kDeepestJson) too_deep = true;
    return !too_deep;
  };
  Json value = Json::parse(line.begin(), line.end(), depth_limit, /*allow_exceptions=*/false);
  if (too_deep || value.is_discarded()) return std::nullopt;
  return value;
}

}  // namespace carbon_spool
