#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/success_failure.hpp>

namespace carbon_spool {

/// Why something could not be done, in words for the person who runs the daemon.
///
/// A failure of the world outside (disk, network, configuration) is a value of this type. A bug is
/// an assertion (`assert.h`); a malformed line is neither: it is counted (`wire`).
struct Error {
  std::string message;

  /// The same error seen from one level up: `Error{"no such file"}.in("open queue")` reads
  /// "open queue: no such file".
  [[nodiscard]] Error in(std::string_view context) const {
    return Error{std::string(context) + ": " + message};
  }
};

/// A `T`, or the reason why there is none. The one place that names the library behind it; taking
/// the value of a failure ends the process.
template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

/// The value of a `Result<void>` that worked.
inline auto success() {
  return boost::outcome_v2::success();
}

}  // namespace carbon_spool
