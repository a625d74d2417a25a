#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "carbon_spool/wire/refusal.h"
#include "carbon_spool/wire/written_points.h"

namespace carbon_spool {

/// A good point taken apart, whatever the protocol it came by.
struct Point {
  std::string_view path;
  std::string_view value;
  std::string_view timestamp;  ///< empty: to be stamped
  std::uint32_t seconds = 0;   ///< the integer part of `timestamp`
};

[[nodiscard]] bool is_path_too_long(std::string_view path);

/// Reads a timestamp, with `text` as it came, into the point; false if it is none. A number whose
/// integer part is -1 leaves the point to be stamped.
[[nodiscard]] bool set_timestamp(double number, std::string_view text, Point& point);
/// The same of a text, which may be `N`, too.
[[nodiscard]] bool set_timestamp(std::string_view text, Point& point);

/// Writes points as normalised lines into a batch's room.
class PointWriter {
 public:
  /// `now` stamps points that have no timestamp.
  PointWriter(std::span<char> room, std::uint32_t now);

  [[nodiscard]] std::size_t room_left() const { return room_.size() - written_.written; }

  /// One point, for which there must be room. LineTooLong: with its stamp it has grown beyond what
  /// the next receiver takes, and is not written.
  [[nodiscard]] std::optional<Refusal> write(const Point& point);

  /// Lines that are normalised as they are, `bytes` of them, with the least and greatest timestamp.
  void copy(const char* lines, std::size_t bytes, std::uint32_t points, std::uint32_t oldest,
            std::uint32_t newest);

  [[nodiscard]] const WrittenPoints& written() const { return written_; }

 private:
  void count(std::size_t bytes, std::uint32_t points, std::uint32_t oldest, std::uint32_t newest);

  const std::span<char> room_;
  const std::uint32_t now_;
  WrittenPoints written_;
};

}  // namespace carbon_spool
