#include "refusal_note.h"

#include <sstream>

namespace carbon_spool {

std::string refusal_note_key(std::string_view input) {
  return "refused/" + std::string(input);
}

std::string to_refusal_note(const RefusalCounts& counts) {
  std::string note;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    if (!note.empty()) note += ' ';
    note += std::string(name_of(static_cast<Refusal>(i))) + ' ' + std::to_string(counts[i]);
  }
  return note;
}

RefusalCounts from_refusal_note(const std::string& note) {
  RefusalCounts counts{};
  std::istringstream stream(note);
  std::string reason;
  std::uint64_t count = 0;
  while (stream >> reason >> count) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (name_of(static_cast<Refusal>(i)) == reason) counts[i] = count;
    }
  }
  return counts;
}

}  // namespace carbon_spool
