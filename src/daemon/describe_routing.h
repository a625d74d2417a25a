#pragma once

#include "carbon_spool/route/routing_table.h"

#include "page.h"

namespace carbon_spool {

/// Who gets what: every cluster with the share of each member, every route, every rewrite.
void describe_routing(const RoutingTable& table, Page& page);

/// As in the configuration.
[[nodiscard]] std::string name_of(Select select);

}  // namespace carbon_spool
