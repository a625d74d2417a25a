// From what a socket brought to a batch of the log, without sockets and without a disk. Workloads:
//   gather/BYTES   pieces of so many bytes are read and checked into a builder; a full one becomes
//   a
//                  batch, with its header, as the appender makes it
//   finish         making a batch of a full builder alone

#include <string>
#include <string_view>
#include <utility>

#include <benchmark/benchmark.h>

#include "carbon_spool/queue/batch.h"
#include "carbon_spool/wire/graphite_lines.h"

#include "batch_format.h"
#include "sample_lines.h"

namespace carbon_spool {
namespace {

constexpr std::uint32_t kNow = 1'700'000'000;
constexpr ProducerId kProducer{0};

std::string lines_of(std::size_t bytes) {
  std::string lines;
  for (unsigned i = 0;; ++i) {
    const std::string line =
        sample_path(i) + ' ' + sample_value(i, i / kSampleLines) + " 1700000003\n";
    if (lines.size() + line.size() > bytes) return lines;
    lines += line;
  }
}

/// Only the last builder of a run is not full.
void gather(benchmark::State& state) {
  const std::string piece = lines_of(static_cast<std::size_t>(state.range(0)));
  RefusalCounts refused{};
  BatchBuilder builder;
  Mark end;
  std::uint64_t points = 0;
  for (auto _ : state) {
    std::string_view left = piece;
    while (!left.empty()) {
      const ParsedLines parsed = parse_lines(left, builder.room(), kNow, refused);
      left.remove_prefix(parsed.consumed);
      if (parsed.points > 0) {
        builder.commit(kProducer, parsed.written, parsed.points, parsed.oldest_timestamp,
                       parsed.newest_timestamp);
      }
      points += parsed.points;
      if (left.empty()) break;
      const BatchPtr batch =
          BatchEncoder::finish(std::exchange(builder, BatchBuilder()), end, kNow * 1000LL);
      end = batch->range().end;
    }
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(points));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(piece.size()));
}

void finish(benchmark::State& state) {
  const std::string lines = lines_of(kMaxBatchBytes);
  RefusalCounts refused{};
  for (auto _ : state) {
    state.PauseTiming();
    BatchBuilder builder;
    const ParsedLines parsed = parse_lines(lines, builder.room(), kNow, refused);
    builder.commit(kProducer, parsed.written, parsed.points, parsed.oldest_timestamp,
                   parsed.newest_timestamp);
    state.ResumeTiming();
    benchmark::DoNotOptimize(BatchEncoder::finish(std::move(builder), Mark(), kNow * 1000LL));
  }
}

BENCHMARK(gather)->Arg(256)->Arg(4096)->Arg(64 << 10);
BENCHMARK(finish);

}  // namespace
}  // namespace carbon_spool
