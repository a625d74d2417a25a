#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "carbon_spool/base/result.h"

namespace carbon_spool {

/// An answer in pieces: each call makes the next one, an empty piece ends it. Whatever its length,
/// only one piece is in memory, and other clients have their turn between two.
using AdminAnswer = std::function<std::string()>;

/// The answer that is `text`, in one piece.
[[nodiscard]] AdminAnswer whole_answer(std::string text);

/// Answers requests on a Unix stream socket: one request line, one answer, close. On a thread of
/// its own, `admin`; clients that are slow or silent for some seconds, or do not take a piece
/// within a minute, are cut and never hold up others.
class AdminSocket {
 public:
  /// `answer` turns a request line into the answer; called, as the answer is, on the admin thread,
  /// and for no longer than others may wait. Removes a socket file that nobody listens on; fails if
  /// somebody does. Makes the parent folder if it is missing.
  [[nodiscard]] static Result<std::unique_ptr<AdminSocket>> listen(
      const std::string& path, std::function<AdminAnswer(const std::string& request)> answer);

  virtual ~AdminSocket() = default;  ///< stops the thread, removes the socket file
};

/// Sends one request to a daemon's admin socket and hands over its answer as it comes, until `take`
/// returns false. Fails if nothing comes for `timeout_seconds`, or nothing at all.
[[nodiscard]] Result<void> ask_admin(const std::string& path, const std::string& request,
                                     const std::function<bool(std::string_view piece)>& take,
                                     int timeout_seconds = 5);

/// The same, and returns the whole answer.
[[nodiscard]] Result<std::string> ask_admin(const std::string& path, const std::string& request,
                                            int timeout_seconds = 5);

}  // namespace carbon_spool
