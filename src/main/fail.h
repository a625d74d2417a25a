#pragma once

#include <iostream>
#include <string_view>

namespace carbon_spool {

/// Says what went wrong; returns `exit_code`, which the command then ends with.
inline int fail(std::string_view what, int exit_code) {
  std::cerr << "carbon-spool: " << what << '\n';
  return exit_code;
}

}  // namespace carbon_spool
