#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "carbon_spool/logs/file_id.h"

namespace carbon_spool {

/// How far a log has been read, and what tells that place from others when the file has another
/// name, is a copy, or is compressed: what the file begins with, and what is just before the place.
struct LogPlace {
  FileId file;
  std::uint64_t offset = 0;      ///< bytes of the log that are done with
  std::uint64_t head_hash = 0;   ///< of the file's first bytes, as many as `head_bytes` says
  std::uint64_t head_bytes = 0;  ///< at most kPlaceHeadBytes, and never beyond `offset`
  std::uint64_t tail_hash = 0;   ///< of the last bytes before `offset`
  std::uint64_t tail_bytes = 0;  ///< at most kPlaceTailBytes; 0: not known

  friend bool operator==(const LogPlace&, const LogPlace&) = default;
};

inline constexpr std::size_t kPlaceHeadBytes = 1024;
inline constexpr std::size_t kPlaceTailBytes = 256;

/// The hash that places are known by. It is on people's disks.
[[nodiscard]] std::uint64_t hash_of_log(std::string_view bytes);

/// The place of somebody who reads on. Threads: one.
class LogPlaceKeeper {
 public:
  /// At the beginning of a log.
  LogPlaceKeeper() = default;
  /// At `offset`. `head`: the log's first bytes, up to kPlaceHeadBytes; `tail`: those before
  /// `offset`, up to kPlaceTailBytes.
  LogPlaceKeeper(std::uint64_t offset, std::string_view head, std::string_view tail);

  [[nodiscard]] std::uint64_t offset() const { return offset_; }
  /// These came next and are done with.
  void pass(std::string_view bytes);
  /// That many zeros came next.
  void pass_hole(std::uint64_t bytes);

  [[nodiscard]] LogPlace place(FileId file) const;

 private:
  std::uint64_t offset_ = 0;
  std::string head_;
  std::string tail_;
};

}  // namespace carbon_spool
