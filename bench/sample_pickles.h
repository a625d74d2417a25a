#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace carbon_spool {

/// Pickles of `[(path, (timestamp, value)), …]`, byte for byte as Python makes them of so many
/// points that are all different. One after the other; each begins with `begin`.
class SamplePickle {
 public:
  enum class Protocol { Zero, Two, Four };  ///< Diamond's; carbon-relay's; Python 3's default

  explicit SamplePickle(Protocol protocol) : protocol_(protocol) {
    if (protocol_ == Protocol::Zero) bytes_ = "(lp0\n";
    if (protocol_ == Protocol::Two) bytes_ = std::string("\x80\x02]q\x00(", 6);
    if (protocol_ == Protocol::Four) bytes_ = "\x80\x04]\x94(";
    memo_ = 1;
  }

  void add(std::string_view path, std::int32_t timestamp, double value) {
    if (protocol_ == Protocol::Zero) return add_in_text(path, timestamp, value);
    const bool four = protocol_ == Protocol::Four;
    bytes_ += four ? '\x8c' : 'X';
    append_little_endian(path.size(), four ? 1 : 4);
    bytes_ += path;
    memoize();
    bytes_ += 'J';
    append_little_endian(static_cast<std::uint32_t>(timestamp), 4);
    bytes_ += 'G';
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 56; shift >= 0; shift -= 8) bytes_ += static_cast<char>(bits >> shift & 0xff);
    bytes_ += '\x86';
    memoize();
    bytes_ += '\x86';
    memoize();
  }

  [[nodiscard]] std::string take() {
    return std::move(bytes_) + (protocol_ == Protocol::Zero ? "." : "e.");
  }

 private:
  void add_in_text(std::string_view path, std::int32_t timestamp, double value) {
    const auto put = [&] { bytes_ += "p" + std::to_string(memo_++) + "\n"; };
    bytes_ += "(S'" + std::string(path) + "'\n";
    put();
    bytes_ += "(I" + std::to_string(timestamp) + "\nF" + std::to_string(value) + "\nt";
    put();
    bytes_ += "t";
    put();
    bytes_ += "a";
  }

  void append_little_endian(std::uint64_t number, int bytes) {
    for (int i = 0; i < bytes; ++i) bytes_ += static_cast<char>(number >> i * 8 & 0xff);
  }

  void memoize() {
    if (protocol_ == Protocol::Four) {
      bytes_ += '\x94';
    } else if (memo_ < 256) {
      bytes_ += 'q';
      append_little_endian(memo_++, 1);
    } else {
      bytes_ += 'r';
      append_little_endian(memo_++, 4);
    }
  }

  const Protocol protocol_;
  std::string bytes_;
  std::uint32_t memo_ = 0;
};

}  // namespace carbon_spool
