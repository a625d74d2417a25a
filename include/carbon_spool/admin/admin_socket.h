#pragma once

#include <functional>
#include <memory>
#include <string>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// Answers requests on a Unix stream socket: one request line, one answer, close. Requests so far:
/// `status` (the JSON of `Status`). On a thread of its own, `admin`; slow or silent clients are cut
/// after a few seconds and never hold up others.
class AdminSocket {
 public:
  /// `answer` turns a request line into the answer; called on the admin thread. Removes a socket
  /// file that nobody listens on; fails if somebody does. Makes the parent folder if it is missing.
  [[nodiscard]] static Result<std::unique_ptr<AdminSocket>> listen(
      const std::string& path, std::function<std::string(const std::string& request)> answer);

  virtual ~AdminSocket() = default;  ///< stops the thread, removes the socket file
};

/// Sends one request to a daemon's admin socket and returns its answer. Fails if nobody answers
/// within `timeout_seconds`.
[[nodiscard]] Result<std::string> ask_admin(const std::string& path, const std::string& request,
                                            int timeout_seconds = 5);

}  // namespace carbon_spool
