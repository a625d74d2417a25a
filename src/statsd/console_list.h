#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator_impl.h"
#include "javascript_inspect.h"

namespace carbon_spool {

// A member of a table as the console shows it, without its name.

[[nodiscard]] inline std::string inspect_entry(const Counter& counter) {
  return inspect_number(counter.value);
}

[[nodiscard]] inline std::string inspect_entry(const Gauge& gauge) {
  return inspect_number(gauge.value);
}

[[nodiscard]] inline std::string inspect_entry(const Timer& timer) {
  const std::size_t shown = std::min(timer.values.size(), kMostInspected);
  std::vector<std::string> values;
  for (std::size_t i = 0; i < shown; ++i) values.push_back(inspect_number(timer.values[i]));
  return inspect_array(values, timer.values.size() - shown, true);
}

[[nodiscard]] inline std::string inspect_entry(const Set& set) {
  constexpr std::size_t kLongestMember = 1000;
  const std::size_t shown = std::min(set.members.size(), kMostInspected);
  std::vector<std::string> members;
  for (std::size_t i = 0; i < shown; ++i) {
    members.push_back(inspect_text(set.members.at(i), kLongestMember));
  }
  return inspect_array(members, set.members.size() - shown, false);
}

/// Prints a table piece by piece, each under the aggregator's lock.
template <class Entry>
class ConsoleList {
 public:
  ConsoleList(StatsdAggregator::Impl& aggregator, NameTable<Entry>& table)
      : aggregator_(aggregator), table_(table) {}

  std::string operator()() {
    if (ended_) return "";
    const std::lock_guard lock(aggregator_.mutex);
    if (shown_ == 0 && table_.size() <= kMostOnOneLine) {
      const std::vector<std::string> members = next_members(kMostOnOneLine);
      if (members.empty()) return end("{}");
      if (fits_one_line(members)) return end("{ " + joined(members, ", ") + " }");
      return end("{\n  " + joined(members, ",\n  ") + "\n}");
    }
    // A little at a time: others wait for the lock.
    const std::string before = shown_ == 0 ? "{\n  " : ",\n  ";
    const std::vector<std::string> members = next_members(kMembersInPiece);
    if (members.empty()) return end("\n}");
    return before + joined(members, ",\n  ");
  }

 private:
  static constexpr std::size_t kMembersInPiece = 100;

  std::vector<std::string> next_members(std::size_t most) {
    std::vector<std::string> members;
    for (; members.size() < most && shown_ < table_.size(); ++shown_) {
      const auto& named = table_.all()[shown_];
      members.push_back(inspect_key(named.name()) + ": " + inspect_entry(named.entry));
    }
    return members;
  }

  static std::string joined(const std::vector<std::string>& members, std::string_view separator) {
    std::string all;
    for (const std::string& each : members) {
      if (!all.empty()) all += separator;
      all += each;
    }
    return all;
  }

  std::string end(const std::string& last) {
    ended_ = true;
    return last + "\nEND\n\n";
  }

  StatsdAggregator::Impl& aggregator_;
  NameTable<Entry>& table_;
  std::size_t shown_ = 0;
  bool ended_ = false;
};

/// Removes what the arguments name, each a name or, as `x.*`, all that begins with `x.`, and tells.
template <class Entry>
[[nodiscard]] std::string remove_named(StatsdAggregator::Impl& aggregator, NameTable<Entry>& table,
                                       const std::vector<std::string_view>& arguments) {
  std::string text;
  const std::lock_guard lock(aggregator.mutex);
  for (const std::string_view argument : arguments) {
    const bool folder = argument.ends_with(".*");
    const std::string_view front = folder ? argument.substr(0, argument.size() - 1) : argument;
    bool any = false;
    if (folder || table.find(argument) != nullptr) {
      aggregator.aggregates.remove_if(table, [&](std::string_view name) {
        if (name != argument && !(folder && name.starts_with(front))) return false;
        text.append("deleted: ").append(name).append("\n");
        return any = true;
      });
    }
    if (!any) text.append("metric ").append(argument).append(" not found\n");
  }
  return text + "END\n\n";
}

}  // namespace carbon_spool
