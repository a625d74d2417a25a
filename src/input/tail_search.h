#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/logs/log_generation.h"
#include "carbon_spool/logs/log_place.h"

namespace carbon_spool {

/// What is looked for among the generations of a log.
struct TailSought {
  LogPlace place;
  bool is_open = false;       ///< its file is, by us: it cannot have been deleted for good
  bool is_truncated = false;  ///< its file has been seen to begin anew
};

/// Where that is in the generations that there are now.
struct TailFound {
  enum class How {
    Same,   ///< in the file that it was in
    Copy,   ///< in another with the same bytes
    Ended,  ///< behind the end of a copy, which was made before all was written
    Lost
  };
  How how = How::Lost;
  std::size_t index = 0;      ///< generations before it are newer; of a lost one, all
  bool is_truncated = false;  ///< the file that it was in begins anew
};

/// The generations of one log, as they are at one moment. Threads: one.
class TailSearch {
 public:
  /// `log`: where it is written.
  [[nodiscard]] static Result<TailSearch> open(const std::string& log);

  /// Newest first.
  [[nodiscard]] std::vector<LogGeneration>& generations() { return generations_; }
  [[nodiscard]] LogListing listing() const;

  /// The same file, or else, of a rotation that copies or compresses, another with the same bytes.
  [[nodiscard]] Result<TailFound> find(const TailSought& sought);

  /// Whether that generation is a copy of a log that was truncated, by when it was made and when
  /// those newer than it were: a log is older than copies of it, and one that was renamed is older
  /// than the new one. None: that does not tell.
  [[nodiscard]] std::optional<bool> is_copy(std::size_t index) const;

  /// Whether one that is newer than `found` may be a copy of the log itself that is just being
  /// made: it counts once that has been truncated. `now`: Unix milliseconds; `is_known`: whether
  /// such a file is read already.
  [[nodiscard]] Result<bool> has_copy_under_way(const TailFound& found, std::int64_t now,
                                                const std::function<bool(FileId)>& is_known);

 private:
  using Fits = std::function<Result<bool>(LogGeneration&)>;

  TailSearch(std::string log, std::vector<LogGeneration> generations)
      : log_(std::move(log)), generations_(std::move(generations)) {}

  [[nodiscard]] bool is_log(const LogGeneration& each) const { return each.path() == log_; }
  [[nodiscard]] bool begins_anew(const TailSought& sought) const;
  [[nodiscard]] Result<std::size_t> first(const Fits& fits);

  std::string log_;
  std::vector<LogGeneration> generations_;
};

}  // namespace carbon_spool
