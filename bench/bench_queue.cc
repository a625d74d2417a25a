// The queue without sockets. Workloads:
//   append/BYTES        batches of so many bytes appended, one reader that keeps up and confirms
//   append_synced       the same with sync = "always", 64 KiB batches
//   drain_from_memory   taking and acknowledging what is still in memory
//   drain_from_disk     the same of a backlog that is on disk
//   open_full           opening a queue that holds a large backlog

#include <cstring>
#include <filesystem>
#include <future>
#include <string>

#include <benchmark/benchmark.h>
#include <stdlib.h>

#include "carbon_spool/queue/queue.h"

namespace {

using namespace carbon_spool;

class Folder {
 public:
  Folder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "carbon-spool-bench-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// Lines of 57 bytes as hosts send them: names repeat, values drift.
std::string lines_of(std::size_t bytes) {
  std::string lines;
  unsigned value = 12345;
  for (unsigned i = 0;; ++i) {
    value = value * 1103515245u + 12345u;
    char line[80];
    const int size = std::snprintf(line, sizeof line,
                                   "site.host%03u.cpu.core%02u.user.percent %u.%04u 17000%05u\n",
                                   i % 500, i % 16, value % 90 + 10, value % 10000, i % 100000);
    if (lines.size() + static_cast<std::size_t>(size) > bytes) return lines;
    lines.append(line, static_cast<std::size_t>(size));
  }
}

QueueOptions options_for(const Folder& folder) {
  QueueOptions options;
  options.path = folder.path();
  options.max_size = 4ull << 30;
  options.min_free_disk = 0;
  return options;
}

Ticket submit(Queue& queue, ProducerId producer, const std::string& lines) {
  auto builder = queue.obtain_builder();
  std::memcpy(builder->room().data(), lines.data(), lines.size());
  builder->commit(producer, lines.size(), static_cast<std::uint32_t>(lines.size() / 57), 1700000000,
                  1700000000);
  return queue.submit(std::move(*builder));
}

void wait_for(Queue& queue, Ticket ticket) {
  std::promise<void> done;
  queue.when_durable(ticket, [&](bool) { done.set_value(); });
  done.get_future().get();
}

/// Takes all there is and acknowledges it in pieces of a MiB, as a sender does.
std::uint64_t drain(Reader& reader) {
  RangeSet taken;
  std::uint64_t bytes = 0;
  while (auto next = reader.take()) {
    taken.insert(next->batch->range());
    bytes += next->batch->lines().size();
    if (taken.bytes() >= 1u << 20) {
      reader.acknowledge(taken);
      taken.clear();
    }
  }
  reader.acknowledge(taken);
  return bytes;
}

void append(benchmark::State& state, SyncPolicy sync) {
  const Folder folder;
  QueueOptions options = options_for(folder);
  options.sync = sync;
  auto queue = std::move(Queue::open(options).value());
  const ProducerId producer = queue->add_producer("bench");
  Reader& reader = queue->add_reader("a", {});
  const std::string lines = lines_of(static_cast<std::size_t>(state.range(0)));
  std::uint64_t bytes = 0;
  Ticket last = 0;
  for (auto _ : state) {
    last = submit(*queue, producer, lines);
    bytes += lines.size();
    if (bytes % (256 * lines.size()) == 0) drain(reader);
  }
  wait_for(*queue, last);
  drain(reader);
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void append_unsynced(benchmark::State& state) {
  append(state, {SyncPolicy::Kind::Interval, Milliseconds(1000)});
}
void append_synced(benchmark::State& state) {
  append(state, {SyncPolicy::Kind::Always, Milliseconds(0)});
}

void fill(Queue& queue, std::uint64_t bytes) {
  const ProducerId producer = queue.add_producer("bench");
  const std::string lines = lines_of(kMaxBatchBytes);
  Ticket last = 0;
  for (std::uint64_t done = 0; done < bytes; done += lines.size())
    last = submit(queue, producer, lines);
  wait_for(queue, last);
}

void drain_backlog(benchmark::State& state, std::uint64_t backlog) {
  const Folder folder;
  QueueOptions options = options_for(folder);
  if (backlog < (64ull << 20)) options.memory_for_newest = 128ull << 20;
  auto queue = std::move(Queue::open(options).value());
  Reader& reader = queue->add_reader("a", {});
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    state.PauseTiming();
    fill(*queue, backlog);
    state.ResumeTiming();
    bytes += drain(reader);
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}

void drain_from_memory(benchmark::State& state) {
  drain_backlog(state, 48ull << 20);
}
void drain_from_disk(benchmark::State& state) {
  drain_backlog(state, 512ull << 20);
}

void open_full(benchmark::State& state) {
  const Folder folder;
  {
    auto queue = std::move(Queue::open(options_for(folder)).value());
    static_cast<void>(queue->add_reader("a", {}));
    fill(*queue, static_cast<std::uint64_t>(state.range(0)) << 20);
  }
  for (auto _ : state) {
    auto queue = std::move(Queue::open(options_for(folder)).value());
    state.PauseTiming();
    queue.reset();
    state.ResumeTiming();
  }
}

BENCHMARK(append_unsynced)->Name("append")->Arg(256)->Arg(4096)->Arg(64 << 10)->UseRealTime();
BENCHMARK(append_synced)->Arg(64 << 10)->UseRealTime();
BENCHMARK(drain_from_memory)->UseRealTime()->Iterations(3);
BENCHMARK(drain_from_disk)->UseRealTime()->Iterations(2);
BENCHMARK(open_full)
    ->Arg(1)
    ->Arg(2048)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond)
    ->Iterations(3);

}  // namespace
