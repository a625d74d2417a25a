#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace carbon_spool {

class IngestThread;

/// The most memory that the unfinished lines of all connections take together; and their unfinished
/// frames, which are longer. Apart, so that nobody who sends half frames can end a connection that
/// sends lines.
inline constexpr std::size_t kMaxFragmentBytes = std::size_t{16} << 20;
inline constexpr std::size_t kMaxFrameFragmentBytes = std::size_t{64} << 20;

/// The threads that read from sockets, named `ingest-0` …. Each has one read buffer and one builder
/// that all its connections share. Inputs must be gone before it goes. Threads: one owner.
class IngestThreads {
 public:
  explicit IngestThreads(std::uint32_t count, std::size_t max_fragment_bytes = kMaxFragmentBytes,
                         std::size_t max_frame_fragment_bytes = kMaxFrameFragmentBytes);
  ~IngestThreads();
  IngestThreads(const IngestThreads&) = delete;
  IngestThreads& operator=(const IngestThreads&) = delete;

  [[nodiscard]] std::uint32_t size() const;
  [[nodiscard]] IngestThread& at(std::uint32_t index);  ///< private to the input module

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace carbon_spool
