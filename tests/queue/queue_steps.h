#pragma once

#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "carbon_spool/queue/queue.h"

#include "temp_dir.h"

namespace carbon_spool {

inline constexpr std::uint32_t kTimestamp = 1'700'000'000;

/// One line of `bytes` bytes that begins with `name`; filled so that it hardly compresses.
inline std::string line_of(const std::string& name, std::size_t bytes = 60) {
  static std::uint64_t noise = 1;
  const std::string tail = " 1 " + std::to_string(kTimestamp) + "\n";
  std::string line = name + ".";
  while (line.size() + tail.size() < bytes) {
    noise = noise * 6364136223846793005u + 1442695040888963407u;
    line += static_cast<char>('!' + (noise >> 33) % 90);
  }
  return line + tail;
}

/// Hands `line` over as one batch of its own and returns when it is accepted.
inline bool append(Queue& queue, ProducerId producer, const std::string& text,
                   std::uint32_t points = 1) {
  auto builder = queue.obtain_builder();
  if (!builder) return false;
  std::memcpy(builder->room().data(), text.data(), text.size());
  builder->commit(producer, text.size(), points, kTimestamp, kTimestamp);
  std::promise<bool> accepted;
  queue.when_durable(queue.submit(std::move(*builder)), [&](bool yes) { accepted.set_value(yes); });
  return accepted.get_future().get();
}

inline QueueOptions options_for(const TempDir& folder) {
  QueueOptions options;
  options.path = folder / "queue";
  options.max_size = 32ull << 20;
  options.min_free_disk = 0;
  return options;
}

inline std::unique_ptr<Queue> open_at(const QueueOptions& options, const Clock& clock) {
  auto queue = Queue::open(options, clock);
  if (!queue) FAIL(queue.error().message);
  return std::move(queue.value());
}

inline std::unique_ptr<Queue> open(const QueueOptions& options) {
  return open_at(options, system_clock());
}

/// Overwrites some bytes in the middle of the largest table. With the queue closed.
inline void damage_largest_table(const std::filesystem::path& queue) {
  std::filesystem::path table;
  for (const auto& file : std::filesystem::directory_iterator(queue)) {
    if (file.path().extension() == ".sst" &&
        (table.empty() || file.file_size() > file_size(table))) {
      table = file.path();
    }
  }
  std::fstream bytes(table, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(static_cast<std::streamoff>(file_size(table) / 2));
  bytes.write("damage", 6);
}

inline RangeSet only(const Range& range) {
  RangeSet set;
  set.insert(range);
  return set;
}

inline ReaderStats stats_of(const Queue& queue, const std::string& name) {
  for (const ReaderStats& reader : queue.stats().readers) {
    if (reader.name != name) continue;
    std::uint64_t dropped = 0;
    for (const auto& [reason, points] : reader.dropped_points) dropped += points;
    CHECK(reader.received_points == reader.acknowledged_points + reader.pending_points + dropped +
                                        reader.routed_elsewhere_points);
    return reader;
  }
  FAIL("no reader " << name);
  return {};
}

inline std::vector<std::string> take_all(Reader& reader, bool acknowledge) {
  std::vector<std::string> lines;
  while (auto taken = reader.take()) {
    lines.emplace_back(taken->batch->lines());
    if (acknowledge) reader.acknowledge(only(taken->batch->range()));
  }
  return lines;
}

}  // namespace carbon_spool
