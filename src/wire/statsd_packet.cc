#include "carbon_spool/wire/statsd_packet.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "carbon_spool/wire/javascript_number.h"

namespace carbon_spool {
namespace {

constexpr std::array<bool, 256> make_plain_bytes() {
  std::array<bool, 256> plain{};
  for (const char* each = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.;=";
       *each != '\0'; ++each) {
    plain[static_cast<unsigned char>(*each)] = true;
  }
  return plain;
}

/// The bytes that a sanitised name may have.
constexpr std::array<bool, 256> kPlain = make_plain_bytes();

bool is_plain(char byte) {
  return kPlain[static_cast<unsigned char>(byte)];
}

bool is_plain(std::string_view name) {
  for (const char each : name) {
    if (!is_plain(each)) return false;
  }
  return true;
}

/// The front of `text` up to `separator`, which goes with it; all of it if there is none.
std::string_view cut(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  const std::string_view front = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return front;
}

/// What is not empty and JavaScript takes for a number.
std::optional<double> number(std::string_view text) {
  if (text.empty()) return std::nullopt;
  return javascript_number(text);
}

/// 1 / rate of `@rate`. StatsD checks that all of it is a number, and then reads no more of it than
/// the digits and points in front: `@1e-3` is 1, `@0x10` is 0. Where there is none of these
/// (`@+1`), it crashes.
std::optional<double> weight_of(std::string_view field) {
  if (field.size() < 2 || field[0] != '@') return std::nullopt;
  field.remove_prefix(1);
  if (field[0] == '-' || !number(field)) return std::nullopt;
  const std::string_view front = field.substr(0, field.find_first_not_of("0123456789."));
  if (front.empty()) return std::nullopt;
  const std::optional<double> rate = number(front);
  if (!rate) return std::nullopt;
  return 1 / *rate;
}

}  // namespace

void append_sanitized(std::string_view name, std::string& to) {
  while (!name.empty()) {
    if (is_plain(name.front())) {
      to += name.front();
      name.remove_prefix(1);
    } else if (std::size_t blank = javascript_blank(name); blank > 0) {
      for (; blank > 0; blank = javascript_blank(name)) name.remove_prefix(blank);
      to += '_';
    } else {
      if (name.front() == '/') to += '-';
      name.remove_prefix(1);
    }
  }
}

void StatsdReader::begin(std::string_view packet) {
  rest_ = packet;
  more_pieces_ = false;
  lines_ = bad_ = 0;
  last_bad_ = {};
}

bool StatsdReader::next(StatsdValue& value) {
  do {
    while (more_pieces_) {
      if (next_piece(value)) return true;
      ++bad_;
      last_bad_ = line_;
    }
  } while (next_line());
  return false;
}

bool StatsdReader::next_line() {
  while (!rest_.empty()) {
    line_ = cut(rest_, '\n');
    if (line_.empty()) continue;
    ++lines_;
    begin_line();
    return true;
  }
  return false;
}

void StatsdReader::begin_line() {
  std::string_view metric = line_;
  std::string_view tags;
  if (std::memchr(line_.data(), '#', line_.size()) != nullptr) {
    const std::size_t mark = line_.find("|#");
    if (mark != std::string_view::npos) {
      metric = line_.substr(0, mark);
      tags = line_.substr(mark + 2);
      tags = tags.substr(0, tags.find(syntax_.dogstatsd ? "|" : "|#"));
    }
  }
  const std::size_t colon = metric.find(':');
  if (colon == std::string_view::npos) {
    ++bad_;
    last_bad_ = line_;
    return;
  }
  set_name(metric.substr(0, colon), tags);
  pieces_ = metric.substr(colon + 1);
  more_pieces_ = true;
  later_fields_ = {};
}

void StatsdReader::set_name(std::string_view name, std::string_view tags) {
  if (tags.empty() && (!syntax_.sanitize_names || is_plain(name))) {
    name_ = name;
    return;
  }
  std::string& raw = raw_name_ = name;
  while (!tags.empty()) {
    const std::size_t end = tags.find(',');
    const std::size_t begin = raw.size() + 1;
    (raw += ';') += tags.substr(0, end);
    if (const std::size_t at = raw.find(';', begin); at != std::string::npos) raw[at] = '_';
    if (const std::size_t at = raw.find(':', begin); at != std::string::npos) raw[at] = '=';
    if (end == std::string_view::npos) break;
    tags.remove_prefix(end + 1);
    if (tags.empty()) raw += ';';  // an empty tag behind the last comma
  }
  name_room_.clear();
  if (syntax_.sanitize_names) {
    append_sanitized(raw, name_room_);
  } else {
    name_room_ = raw;
  }
  name_ = name_room_;
}

bool StatsdReader::next_piece(StatsdValue& value) {
  const std::size_t end = pieces_.find(':');
  const std::string_view piece = pieces_.substr(0, end);
  more_pieces_ = end != std::string_view::npos;
  pieces_.remove_prefix(more_pieces_ ? end + 1 : pieces_.size());
  const std::size_t bar = piece.find('|');
  if (bar != std::string_view::npos) {
    later_fields_ = {};
    return read(piece.substr(0, bar), piece.substr(bar + 1), value);
  }
  if (!syntax_.dogstatsd) return false;
  if (later_fields_.data() == nullptr && !find_later_fields()) return false;
  return read(piece, later_fields_, value);
}

/// Looks behind the next value that has fields. If none has, all the pieces left are bad.
bool StatsdReader::find_later_fields() {
  const std::size_t bar = pieces_.find('|');
  if (bar == std::string_view::npos) {
    if (more_pieces_) bad_ += 1 + static_cast<std::uint64_t>(std::ranges::count(pieces_, ':'));
    more_pieces_ = false;
    return false;
  }
  const std::string_view fields = pieces_.substr(bar + 1);
  later_fields_ = fields.substr(0, fields.find(':'));
  return true;
}

bool StatsdReader::read(std::string_view text, std::string_view fields, StatsdValue& value) const {
  value.text = text;
  const std::size_t type_end = fields.find('|');
  const std::string_view raw_type = fields.substr(0, type_end);
  value.weight = 1;
  if (type_end != std::string_view::npos) {
    fields.remove_prefix(type_end + 1);
    const std::optional<double> weight = weight_of(fields.substr(0, fields.find('|')));
    if (!weight) return false;
    value.weight = *weight;
  }
  // It is checked as what it is written as, and taken as what it is without blanks.
  if (raw_type != "s") {
    const std::optional<double> found = number(value.text);
    if (!found || (raw_type == "ms" && *found < 0)) return false;
    value.number = *found;
  }
  const std::string_view type = javascript_trim(raw_type);
  value.name = name_;
  if (type == "c") {
    value.type = StatsdType::Counter;
  } else if (type == "ms" || (syntax_.dogstatsd && (type == "h" || type == "d"))) {
    value.type = StatsdType::Timer;
  } else if (type == "g") {
    value.type = StatsdType::Gauge;
  } else if (type == "s") {
    value.type = StatsdType::Set;
    if (value.text.empty()) value.text = "0";
  } else {
    value.type = StatsdType::Counter;
  }
  return true;
}

}  // namespace carbon_spool
