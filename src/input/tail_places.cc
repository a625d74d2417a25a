#include "tail_places.h"

#include <sstream>

namespace carbon_spool {
namespace {

// On people's disks. Places: the first line; `seen MILLISECONDS`; `part …` and `finished …`, a line
// each: INODE BORN_AT OFFSET HEAD_HASH HEAD_BYTES TAIL_HASH TAIL_BYTES IS_COPY.
constexpr std::string_view kPlaces = "places 2";
// Memory: the first line; `seen`, `flushed`, `began`; `file PATH` each; `parser BYTES`, and its
// text.
constexpr std::string_view kMemory = "tail 1";

void put(std::ostream& to, std::string_view word, const TailPlaces::Part& part) {
  const LogPlace& place = part.place;
  to << word << ' ' << place.file.inode << ' ' << place.file.born_at << ' ' << place.offset << ' '
     << place.head_hash << ' ' << place.head_bytes << ' ' << place.tail_hash << ' '
     << place.tail_bytes << ' ' << part.is_copy << '\n';
}

void get(std::istream& from, TailPlaces::Part& part) {
  LogPlace& place = part.place;
  from >> place.file.inode >> place.file.born_at >> place.offset >> place.head_hash >>
      place.head_bytes >> place.tail_hash >> place.tail_bytes >> part.is_copy;
}

bool begins_with(std::istream& from, std::string_view version) {
  std::string line;
  return std::getline(from, line) && line == version;
}

}  // namespace

std::string encode(const TailPlaces& places) {
  std::ostringstream text;
  text << kPlaces << "\nseen " << places.seen_at << '\n';
  for (const TailPlaces::Part& each : places.parts) put(text, "part", each);
  if (places.finished) put(text, "finished", *places.finished);
  return text.str();
}

std::optional<TailPlaces> decode_tail_places(std::string_view text) {
  std::istringstream from{std::string(text)};
  if (!begins_with(from, kPlaces)) return std::nullopt;
  TailPlaces places;
  std::string word;
  while (from >> word) {
    if (word == "seen") {
      from >> places.seen_at;
    } else if (word == "part") {
      get(from, places.parts.emplace_back());
    } else if (word == "finished") {
      get(from, places.finished.emplace(TailPlaces::Part()));
    } else {
      return std::nullopt;
    }
    if (!from) return std::nullopt;
  }
  return places;
}

std::string encode(const TailMemory& memory) {
  std::ostringstream text;
  text << kMemory << "\nseen " << memory.seen_at << "\nflushed " << memory.flushed << "\nbegan "
       << memory.began_at << '\n';
  for (const std::string& each : memory.files) text << "file " << each << '\n';
  text << "parser " << memory.parser.size() << '\n' << memory.parser;
  return text.str();
}

std::optional<TailMemory> decode_tail_memory(std::string_view text) {
  std::istringstream from{std::string(text)};
  if (!begins_with(from, kMemory)) return std::nullopt;
  TailMemory memory;
  std::string word;
  while (from >> word) {
    if (word == "seen") {
      from >> memory.seen_at;
    } else if (word == "flushed") {
      from >> memory.flushed;
    } else if (word == "began") {
      from >> memory.began_at;
    } else if (word == "file") {
      from.get();
      std::getline(from, memory.files.emplace_back());
    } else if (word == "parser") {
      std::size_t bytes = 0;
      from >> bytes;
      if (!from || from.get() != '\n') return std::nullopt;
      const auto at = static_cast<std::size_t>(from.tellg());
      if (text.size() - at != bytes) return std::nullopt;
      memory.parser = text.substr(at);
      return memory;
    }
    if (!from) return std::nullopt;
  }
  return std::nullopt;
}

std::string tail_memory_key(const std::string& input) {
  return "tail/" + input;
}

std::string tail_places_key(const std::string& input, const std::string& file) {
  return "tail/" + input + "/" + file;
}

}  // namespace carbon_spool
