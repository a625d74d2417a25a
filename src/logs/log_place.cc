#include "carbon_spool/logs/log_place.h"

#include <algorithm>

#include <zlib.h>

namespace carbon_spool {

std::uint64_t hash_of_log(std::string_view bytes) {
  return ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

LogPlaceKeeper::LogPlaceKeeper(std::uint64_t offset, std::string_view head, std::string_view tail)
    : offset_(offset),
      head_(head.substr(0, std::min<std::uint64_t>(offset, kPlaceHeadBytes))),
      tail_(tail) {}

void LogPlaceKeeper::pass(std::string_view bytes) {
  offset_ += bytes.size();
  if (head_.size() < kPlaceHeadBytes) head_ += bytes.substr(0, kPlaceHeadBytes - head_.size());
  if (bytes.size() >= kPlaceTailBytes) {
    tail_ = bytes.substr(bytes.size() - kPlaceTailBytes);
    return;
  }
  tail_ += bytes;
  if (tail_.size() > kPlaceTailBytes) tail_.erase(0, tail_.size() - kPlaceTailBytes);
}

void LogPlaceKeeper::pass_hole(std::uint64_t bytes) {
  // More zeros than a place knows of look the same.
  const std::uint64_t seen = std::min<std::uint64_t>(bytes, kPlaceHeadBytes);
  pass(std::string(seen, '\0'));
  offset_ += bytes - seen;
}

LogPlace LogPlaceKeeper::place(FileId file) const {
  return {file, offset_, hash_of_log(head_), head_.size(), hash_of_log(tail_), tail_.size()};
}

}  // namespace carbon_spool
