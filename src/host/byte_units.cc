#include "byte_units.h"

#include <array>

#include "carbon_spool/host/host_options.h"

namespace carbon_spool {
namespace {

struct Magnitude {
  std::string_view word;    ///< kilobyte, kilobit
  std::string_view letter;  ///< kB, kbit
  std::string_view binary;  ///< KiB, Kibit
};

constexpr std::array<Magnitude, 8> kMagnitudes = {{{"kilo", "k", "Ki"},
                                                   {"mega", "M", "Mi"},
                                                   {"giga", "G", "Gi"},
                                                   {"tera", "T", "Ti"},
                                                   {"peta", "P", "Pi"},
                                                   {"exa", "E", "Ei"},
                                                   {"zetta", "Z", "Zi"},
                                                   {"yotta", "Y", "Yi"}}};

bool is_bits(std::string_view unit, const Magnitude& magnitude) {
  if (!unit.ends_with("bit")) return false;
  unit.remove_suffix(3);
  return unit == magnitude.word || unit == magnitude.letter || unit == magnitude.binary;
}

bool is_bytes(std::string_view unit, const Magnitude& magnitude) {
  if (unit == "Mbyte") return magnitude.letter == "M";
  if (unit.ends_with("byte")) return unit.substr(0, unit.size() - 4) == magnitude.word;
  if (!unit.ends_with('B')) return false;
  unit.remove_suffix(1);
  return unit == magnitude.letter || unit == magnitude.binary;
}

}  // namespace

std::optional<double> bytes_in(std::string_view unit) {
  if (unit == "byte" || unit == "B") return 1;
  if (unit == "bit" || unit == "b") return 0.125;
  double bytes = 1;
  for (const Magnitude& each : kMagnitudes) {
    bytes *= 1024;
    if (is_bytes(unit, each)) return bytes;
    if (is_bits(unit, each)) return bytes / 8;
  }
  return std::nullopt;
}

bool is_byte_unit(std::string_view unit) {
  return bytes_in(unit).has_value();
}

}  // namespace carbon_spool
