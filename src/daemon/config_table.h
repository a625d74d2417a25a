#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <toml.hpp>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/units.h"
#include "carbon_spool/daemon/config.h"

namespace carbon_spool {

/// What reading a configuration gathers beside the values.
struct ConfigReading {
  std::string file;
  std::vector<ConfigError> errors;
  std::set<std::string> known_keys;  ///< every key that was asked for, as `queue.max_size`

  void error(std::size_t line, const std::string& key, const std::string& message) {
    errors.push_back({file, line, key, message});
  }
};

/// What one key of a table may be, by name.
template <class T>
using Choice = std::pair<std::string_view, T>;

/// One table of the configuration, read key by key. A key that is not there leaves the target as it
/// is, which is how defaults work; a bad one leaves it too and notes an error. The keys that are
/// asked for are the keys there are.
class ConfigTable {
 public:
  /// `table` must be a table; `name` as errors show it: `queue`, `destination[0]`, empty for the
  /// root.
  ConfigTable(const toml::value& table, std::string name, ConfigReading& reading);

  [[nodiscard]] std::size_t line() const { return line_of(table_); }
  [[nodiscard]] std::size_t line_of(
      const std::string& key) const;  ///< the table's own if it has none
  [[nodiscard]] std::string full_name(const std::string& key) const;
  void error(const std::string& key, const std::string& message);

  /// The key's value, whatever it is, or null. The key is known from then on.
  [[nodiscard]] const toml::value* take(const std::string& key);

  /// None: not there, or no string (an error then).
  [[nodiscard]] std::optional<std::string> text(const std::string& key, std::string_view expected);

  void integer(const std::string& key, std::uint32_t least, std::uint32_t most,
               std::uint32_t& target);
  void size(const std::string& key, std::uint64_t least, std::uint64_t& target);
  void duration(const std::string& key, Milliseconds& target);  ///< at least 1 ms
  // Or "unlimited", which is none, UINT64_MAX and 0.
  void duration_or_unlimited(const std::string& key, std::optional<Milliseconds>& target);
  void size_or_unlimited(const std::string& key, std::uint64_t least, std::uint64_t& target);
  void rate_or_unlimited(const std::string& key, std::uint64_t& target);
  void addresses(const std::string& key, std::vector<Address>& target);
  void boolean(const std::string& key, bool& target);
  void texts(const std::string& key, std::vector<std::string>& target);
  /// A name as it may stand in logs, in the queue's keys and in `status`: nothing that needs
  /// quoting there.
  void name(const std::string& key, std::string& target);
  /// A part of a metric's path: letters, digits, any of "_.-".
  void name_part(const std::string& key, bool may_be_empty, std::string& target);

  template <class T>
  void choice(const std::string& key, std::initializer_list<Choice<T>> choices, T& target) {
    std::string expected = "expected ";
    for (const auto& [name, ignored] : choices) {
      if (!expected.ends_with(' ')) expected += ", ";
      expected.append("\"").append(name).append("\"");
    }
    const std::optional<std::string> found = text(key, expected);
    if (!found) return;
    for (const auto& [name, value] : choices) {
      if (name == *found) {
        target = value;
        return;
      }
    }
    error(key, expected + ", found " + quote_for_log(*found));
  }

  /// A key whose feature does not exist yet: only `default_value` is taken, if there is one.
  void not_yet(const std::string& key, std::optional<std::string_view> default_value);

  /// A table (`[name]`) of this one, or none. Anything else under that name is an error.
  [[nodiscard]] const toml::value* table(const std::string& key);

  /// The tables of `[[name]]`.
  [[nodiscard]] std::vector<const toml::value*> tables(const std::string& key);

  /// A table within this one, as errors show it: `input[0].metric[1]`.
  [[nodiscard]] ConfigTable inner(const toml::value& table, const std::string& name) {
    return {table, full_name(name), reading_};
  }

  /// Notes an error for each key that nobody asked for.
  void finish();

 private:
  static std::size_t line_of(const toml::value& value);
  [[nodiscard]] bool is_unlimited(const std::string& key) const;

  const toml::value& table_;
  const std::string name_;
  ConfigReading& reading_;
  std::set<std::string> asked_;
};

inline constexpr std::size_t kLongestName = 200;
[[nodiscard]] bool is_name_byte(char c);

/// A number, with or without a fraction.
[[nodiscard]] std::optional<double> number_of(const toml::value& value);

/// `a string`, `an integer`, … with the value where it is short.
[[nodiscard]] std::string describe_found(const toml::value& value);

}  // namespace carbon_spool
