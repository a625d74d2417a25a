#include "carbon_spool/wire/pickle_frames.h"

#include <algorithm>
#include <cmath>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/wire/graphite_lines.h"

#include "decimal.h"
#include "kept_store.h"
#include "line_fields.h"
#include "number_text.h"
#include "pickle_machine.h"
#include "pickle_points.h"
#include "point.h"
#include "printable.h"

namespace carbon_spool {
namespace {

using Kind = PickleValue::Kind;

constexpr std::size_t kStampDigits = 10;

/// `(path, (timestamp, value))` taken apart.
struct Item {
  const PickleValue* path;
  const PickleValue* timestamp;
  const PickleValue* value;
};

/// A text cut down to its only field; how many fields it had, as far as it is well encoded.
struct OnlyField {
  bool well_encoded = true;
  std::size_t count = 1;
  std::string_view text;
};

OnlyField only_field(const PickleValue& value) {
  const std::string_view text = value.view();
  const char* const end = text.data() + text.size();
  if (!text.empty() && is_printable(text.data(), end)) return {true, 1, text};
  const LineFields fields = split_fields(text);
  return {fields.well_encoded, fields.count, fields.field[0]};
}

bool is_text(const PickleValue& value) {
  return value.kind == Kind::Text || value.kind == Kind::Digits;
}

std::size_t text_bytes(const PickleValue& value) {
  return is_text(value) ? value.size : 0;
}

/// The text of a value that is a number; empty: it is none that a double can hold.
std::string_view number_text(const PickleValue& value, NumberText& text) {
  switch (value.kind) {
    case Kind::Integer:
      return to_text(value.integer, text);
    case Kind::Real:
      return std::isfinite(value.real) ? to_text(value.real, text) : std::string_view();
    case Kind::BigNumber:
      return big_number_to_text(value.view(), text);
    default:
      return {};
  }
}

/// A path that needs no second look.
bool is_plain_path(const PickleValue& value) {
  if (value.size == 0 || value.size > kMaxElementBytes) return false;
  return is_printable(value.text, value.text + value.size);
}

/// The text of a timestamp, kept from one point to the next: most of them have the same.
class TimestampText {
 public:
  [[nodiscard]] std::string_view of(std::int64_t seconds) {
    if (seconds != seconds_) {
      seconds_ = seconds;
      text_ = to_text(seconds, room_);
    }
    return text_;
  }

 private:
  std::int64_t seconds_ = 0;
  std::string_view text_ = "0";
  NumberText room_;
};

/// One item on its way to be a point. Refused for the same reasons, in the same order, as a line
/// with the same three texts in it.
class ItemCheck {
 public:
  ItemCheck(const Item& item, TimestampText& timestamps)
      : path_(*item.path),
        timestamp_(*item.timestamp),
        value_(*item.value),
        timestamps_(timestamps) {}

  /// The point's texts are in the item or in here.
  [[nodiscard]] std::optional<Refusal> read(Point& point) {
    if (path_.kind != Kind::Text) return Refusal::BadItem;
    if (is_plain_path(path_) && !is_text(value_) && !is_text(timestamp_)) {
      point.path = path_.view();
      return read_numbers({}, {}, point);
    }
    const std::size_t bytes = path_.size + text_bytes(value_) + text_bytes(timestamp_);
    if (bytes > kMaxLineBytes) return Refusal::LineTooLong;
    const OnlyField path = only_field(path_);
    const OnlyField value = is_text(value_) ? only_field(value_) : OnlyField{};
    const OnlyField timestamp = is_text(timestamp_) ? only_field(timestamp_) : OnlyField{};
    if (!path.well_encoded || !value.well_encoded || !timestamp.well_encoded) {
      return Refusal::BadEncoding;
    }
    if (path.count == 0) return Refusal::NoValue;
    if (path.count > 1 || value.count > 1 || timestamp.count > 1) return Refusal::TooManyFields;
    if (is_path_too_long(path.text)) return Refusal::PathTooLong;
    point.path = path.text;
    return read_numbers(value.text, timestamp.text, point);
  }

 private:
  /// The texts are those of what is a text.
  [[nodiscard]] std::optional<Refusal> read_numbers(std::string_view value,
                                                    std::string_view timestamp, Point& point) {
    if (!read_value(value, point)) return Refusal::BadValue;
    if (!read_timestamp(timestamp, point)) return Refusal::BadTimestamp;
    return std::nullopt;
  }

  [[nodiscard]] bool read_value(std::string_view text, Point& point) {
    if (is_text(value_)) {
      point.value = text;
      return is_finite_decimal(text);
    }
    point.value = number_text(value_, value_text_);
    // Only these can be beyond a double without being seen to be.
    const bool may_overflow = value_.kind == Kind::BigNumber;
    return !point.value.empty() && (!may_overflow || is_finite_decimal(point.value));
  }

  [[nodiscard]] bool read_timestamp(std::string_view text, Point& point) {
    if (is_text(timestamp_)) return set_timestamp(text, point);
    if (timestamp_.kind == Kind::Integer) {
      const std::int64_t seconds = timestamp_.integer;
      if (seconds == -1) return true;
      if (seconds < 1 || seconds > UINT32_MAX) return false;
      point.timestamp = timestamps_.of(seconds);
      point.seconds = static_cast<std::uint32_t>(seconds);
      return true;
    }
    if (timestamp_.kind != Kind::Real || !std::isfinite(timestamp_.real)) return false;
    return set_timestamp(timestamp_.real, to_text(timestamp_.real, timestamp_text_), point);
  }

  const PickleValue& path_;
  const PickleValue& timestamp_;
  const PickleValue& value_;
  TimestampText& timestamps_;
  NumberText value_text_;
  NumberText timestamp_text_;
};

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::Tuple:
      return "a tuple";
    case Kind::List:
      return "a list";
    case Kind::None:
    case Kind::Absent:
      return "None";
    case Kind::BigNumber:
      return "a number too large";
    default:
      return "a number";
  }
}

/// For the log.
std::string describe(const PickleValue& value) {
  if (is_text(value)) return std::string(value.view().substr(0, kMaxElementBytes));
  NumberText text;
  const std::string_view number = number_text(value, text);
  return std::string(number.empty() ? name_of(value.kind) : number);
}

}  // namespace

std::size_t frame_bytes(std::string_view header) {
  CS_ASSERT(header.size() == kFrameHeaderBytes);
  std::size_t bytes = 0;
  for (const char byte : header) bytes = bytes << 8 | static_cast<unsigned char>(byte);
  return bytes;
}

struct PickleReader::Impl {
  struct Taken {
    std::optional<Refusal> refused;
    bool is_out_of_room = false;
  };

  [[nodiscard]] std::optional<Refusal> read(std::string_view pickle) {
    forget();
    if (read_points({pickle, decoded}, points)) return std::nullopt;
    empty_out(points);
    empty_out(decoded);
    return machine.run({pickle, decoded});
  }

  void forget() {
    empty_out(points);
    empty_out(decoded);
    machine.forget();
    next = 0;
  }

  [[nodiscard]] std::size_t items() const {
    return points.empty() ? machine.items().size() : points.size();
  }

  [[nodiscard]] bool take_apart(std::size_t index, Item& item) const {
    if (!points.empty()) {
      const PickledPoint& point = points[index];
      item = {&point.path, &point.timestamp, &point.value};
      return true;
    }
    const PickleValue* data = nullptr;
    return machine.pair(machine.items()[index], item.path, data) &&
           machine.pair(*data, item.timestamp, item.value);
  }

  /// Writes the item's point, unless there is no room for it, or a reason to refuse it.
  [[nodiscard]] Taken take(std::size_t index, PointWriter& writer) {
    Item item;
    if (!take_apart(index, item)) return {Refusal::BadItem};
    ItemCheck check(item, timestamps);
    Point point;
    if (const auto reason = check.read(point)) return {reason};
    const std::size_t line_bytes =
        point.path.size() + point.value.size() + std::max(point.timestamp.size(), kStampDigits) + 3;
    // A longer one is refused when it is written.
    if (writer.room_left() < std::min(line_bytes, kMaxLineBytes + 1)) return {std::nullopt, true};
    return {writer.write(point)};
  }

  [[nodiscard]] std::string describe_item(std::size_t index) const {
    Item item;
    if (!take_apart(index, item)) return describe(machine.items()[index]);
    return describe(*item.path) + ' ' + describe(*item.value) + ' ' + describe(*item.timestamp);
  }

  std::vector<PickledPoint> points;  ///< where they were read without the machine
  PickleMachine machine;
  std::string decoded;  ///< texts that do not stand in the pickle as they are
  TimestampText timestamps;
  std::size_t next = 0;        ///< of the items, to be written
  std::size_t text_bytes = 0;  ///< that were made of this pickle
  std::string last_refused;
};

PickleReader::PickleReader() : impl_(std::make_unique<Impl>()) {}
PickleReader::~PickleReader() = default;

std::optional<Refusal> PickleReader::read(std::string_view pickle) {
  CS_ASSERT(pickle.size() <= kMaxFrameBytes);
  impl_->text_bytes = 0;
  return impl_->read(pickle);
}

WrittenPoints PickleReader::write(std::span<char> room, std::uint32_t now, RefusalCounts& refused) {
  Impl& self = *impl_;
  PointWriter writer(room, now);
  const std::size_t items = self.items();
  std::optional<std::size_t> last_refused;
  const auto refuse = [&](Refusal reason) {
    ++refused[static_cast<std::size_t>(reason)];
    last_refused = self.next;
  };
  for (; self.next < items; ++self.next) {
    if (self.text_bytes >= kMaxPickleText) {
      refuse(Refusal::PickleTooLarge);
      self.next = items;
      break;
    }
    const std::size_t written_before = writer.written().written;
    const Impl::Taken taken = self.take(self.next, writer);
    if (taken.is_out_of_room) break;
    if (taken.refused) refuse(*taken.refused);
    self.text_bytes += writer.written().written - written_before;
  }
  if (last_refused) self.last_refused = self.describe_item(*last_refused);
  if (self.next == items) self.forget();
  return writer.written();
}

bool PickleReader::all_written() const {
  return impl_->next == impl_->items();
}

std::string PickleReader::last_refused() const {
  return impl_->last_refused;
}

}  // namespace carbon_spool
