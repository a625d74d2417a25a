#include "ingest_thread.h"

#include <vector>

#include <pthread.h>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/input/ingest_threads.h"
#include "carbon_spool/wire/graphite_lines.h"

namespace carbon_spool {
namespace {

/// Large enough that a flood costs few system calls, small enough to stay in a core's cache beside
/// the builder.
constexpr std::size_t kReadBytes = 256 * 1024;
/// Handlers that run before what was gathered is handed over, however much is still ready.
constexpr int kMostInBurst = 512;

}  // namespace

IngestThread::IngestThread(const std::string& name, FragmentBudget& lines, FragmentBudget& frames)
    : lines_(lines, kMaxLineBytes),
      frames_(frames, kMaxFrameBytes),
      buffer_(std::make_unique_for_overwrite<char[]>(kMaxLineBytes + kReadBytes)),
      keep_running_(io_.get_executor()),
      thread_([this, name] {
        ::pthread_setname_np(::pthread_self(), name.c_str());
        run();
      }) {}

IngestThread::~IngestThread() {
  keep_running_.reset();
  thread_.join();
  CS_ASSERT(sockets_.empty());
}

/// A burst is all that was ready at once.
void IngestThread::run() {
  while (io_.run_one() > 0) {
    for (int ran = 1; ran < kMostInBurst && io_.poll_one() > 0; ++ran) {
    }
    gatherer_.hand_over();
    if (const auto next = pace_.end_burst(std::chrono::steady_clock::now())) {
      std::this_thread::sleep_until(*next);
    }
  }
}

std::span<char> IngestThread::read_area() {
  return {buffer_.get() + kMaxLineBytes, kReadBytes};
}

FragmentList& IngestThread::fragments(InputType type) {
  return type == InputType::Pickle ? frames_ : lines_;
}

PickleReader& IngestThread::pickles() {
  if (!pickles_) pickles_ = std::make_unique<PickleReader>();
  return *pickles_;
}

DatagramBurst& IngestThread::datagrams() {
  if (!datagrams_) datagrams_ = std::make_unique<DatagramBurst>();
  return *datagrams_;
}

struct IngestThreads::Impl {
  Impl(std::size_t max_fragment_bytes, std::size_t max_frame_fragment_bytes)
      : lines(max_fragment_bytes), frames(max_frame_fragment_bytes) {}

  FragmentBudget lines;
  FragmentBudget frames;
  std::vector<std::unique_ptr<IngestThread>> threads;
};

IngestThreads::IngestThreads(std::uint32_t count, std::size_t max_fragment_bytes,
                             std::size_t max_frame_fragment_bytes)
    : impl_(std::make_unique<Impl>(max_fragment_bytes, max_frame_fragment_bytes)) {
  CS_ASSERT(count > 0);
  for (std::uint32_t index = 0; index < count; ++index) {
    impl_->threads.push_back(std::make_unique<IngestThread>("ingest-" + std::to_string(index),
                                                            impl_->lines, impl_->frames));
  }
}

IngestThreads::~IngestThreads() = default;

std::uint32_t IngestThreads::size() const {
  return static_cast<std::uint32_t>(impl_->threads.size());
}

IngestThread& IngestThreads::at(std::uint32_t index) {
  return *impl_->threads.at(index);
}

}  // namespace carbon_spool
