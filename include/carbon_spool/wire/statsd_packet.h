#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carbon_spool {

/// The StatsD protocol: a packet's bytes to values, without sockets.
///
/// A packet is lines; a line is `name:value|type[|@rate][:value|type[|@rate]…][|#tag:x,…]`. Which
/// are taken, and as what, is exactly what statsd 0.9.0 does (`stats.js`, `lib/helpers.js`),
/// JavaScript's ways with numbers and blanks included; where it is not, and on purpose:
/// docs/statsd.md.

enum class StatsdType : std::uint8_t { Counter, Timer, Gauge, Set };

/// What a packet may say.
struct StatsdSyntax {
  /// Names get `_` for blanks and `-` for slashes, and lose whatever is not in `[a-zA-Z_\-0-9.;=]`.
  bool sanitize_names = true;
  /// `h` and `d` are timers rather than counters; `name:1:2:3|c` is three values; what follows the
  /// tags behind another `|` is passed over rather than a part of them.
  bool dogstatsd = false;

  friend bool operator==(const StatsdSyntax&, const StatsdSyntax&) = default;
};

/// One value. The views are into the packet or the reader, valid until its next call.
struct StatsdValue {
  std::string_view name;  ///< with its tags: `name;k=v`; may be empty
  StatsdType type = StatsdType::Counter;
  std::string_view text;  ///< as it came; the member of a set
  double number = 0;      ///< not of a set; may be infinite
  double weight = 1;      ///< 1 / rate; infinite for a rate of 0

  /// `+5`, `-5`: of a gauge, a change rather than a value.
  [[nodiscard]] bool has_sign() const {
    return !text.empty() && (text.front() == '+' || text.front() == '-');
  }
};

/// Reads packets, one after the other. Allocates only for a longer name than it ever had.
/// Threads: one at a time.
class StatsdReader {
 public:
  explicit StatsdReader(const StatsdSyntax& syntax) : syntax_(syntax) {}

  /// Begins with the next packet, which must stay as it is meanwhile. Forgets the last one.
  void begin(std::string_view packet);

  /// The next good value; false: the packet is done.
  [[nodiscard]] bool next(StatsdValue& value);

  // Of what was read of this packet:
  [[nodiscard]] std::uint64_t lines() const { return lines_; }  ///< that were not empty
  [[nodiscard]] std::uint64_t bad() const { return bad_; }      ///< values that were not good
  /// The last line with a bad value: a view into the packet. Its `data()` is null if there is none.
  [[nodiscard]] std::string_view last_bad() const { return last_bad_; }

 private:
  [[nodiscard]] bool next_line();
  void begin_line();
  [[nodiscard]] bool next_piece(StatsdValue& value);
  [[nodiscard]] bool find_later_fields();
  [[nodiscard]] bool read(std::string_view text, std::string_view fields, StatsdValue& value) const;
  void set_name(std::string_view name, std::string_view tags);

  const StatsdSyntax syntax_;
  std::string_view rest_;  ///< of the packet
  std::string_view line_;
  std::string_view name_;
  std::string_view pieces_;  ///< of the line, what is left of `value|type:value|type`
  bool more_pieces_ = false;
  /// Of DogStatsD's `1:2:3|c`: `c`, until the 3 was read. Its `data()` is null outside.
  std::string_view later_fields_;
  std::string raw_name_;
  std::string name_room_;
  std::uint64_t lines_ = 0;
  std::uint64_t bad_ = 0;
  std::string_view last_bad_;
};

/// Appends `name` to `to` as `StatsdSyntax::sanitize_names` has it.
void append_sanitized(std::string_view name, std::string& to);

}  // namespace carbon_spool
