// How fast lines and pickles are read, in points and bytes a second on one core. Lines:
//
//   typical     lines of about 57 bytes: a path, a short decimal value, ten digits of a timestamp
//   tagged      the same with four tags, about 110 bytes
//   odd         scientific and signed values, fractional timestamps, tabs, CRLF
//   stamped     no timestamp, N or -1
//   one_in_ten_bad   typical lines, every tenth refused, each time for another reason
//
// Frames of 500 pickled points, paths and values as in the typical lines:
//
//   protocol_0  as Diamond sends them
//   protocol_2  as carbon-relay does
//   protocol_4  Python 3's default

#include <algorithm>
#include <functional>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "carbon_spool/wire/graphite_lines.h"
#include "carbon_spool/wire/pickle_frames.h"

#include "sample_lines.h"
#include "sample_pickles.h"

namespace carbon_spool {
namespace {

constexpr std::uint32_t kNow = 1'700'000'000;
constexpr unsigned kLines = 200'000;
/// What an input reads at a time, and what one batch has room for.
constexpr std::size_t kReadBytes = 64 * 1024;

std::string typical(unsigned i) {
  return sample_path(i) + ' ' + sample_value(i, 0) + " 1700000003\n";
}

std::string tagged(unsigned i) {
  return sample_path(i) + ";environment=production;region=eu-west-1;role=web;rack=r" +
         std::to_string(i % 40) + ' ' + sample_value(i, 0) + " 1700000003\n";
}

std::string odd(unsigned i) {
  const std::string path = sample_path(i);
  switch (i % 4) {
    case 0:
      return path + " 1.234567e+06 1700000003\n";
    case 1:
      return path + ' ' + sample_value(i, 0) + " 1700000003.125\n";
    case 2:
      return path + '\t' + sample_value(i, 0) + "\t1700000003\n";
    default:
      return path + " +" + sample_value(i, 0) + " 1700000003\r\n";
  }
}

std::string stamped(unsigned i) {
  constexpr const char* kEnds[] = {"\n", " N\n", " -1\n"};
  return sample_path(i) + ' ' + sample_value(i, 0) + kEnds[i % 3];
}

std::string one_in_ten_bad(unsigned i) {
  if (i % 10 != 0) return typical(i);
  const std::string path = sample_path(i);
  const std::vector<std::string> bad = {"\n",
                                        path + "\n",
                                        path + " 1 1700000003 x\n",
                                        path + " nan 1700000003\n",
                                        path + " 1 0\n",
                                        path + " 1 soon\n",
                                        path + "\x01 1 1700000003\n",
                                        path + " 0x10 1700000003\n"};
  return bad[i / 10 % bad.size()];
}

/// Shuffled, and too many for the processor to learn their lengths by heart.
std::vector<unsigned> shuffled() {
  std::vector<unsigned> order(kLines);
  std::iota(order.begin(), order.end(), 0u);
  std::shuffle(order.begin(), order.end(), std::mt19937(1));
  return order;
}

void parse(benchmark::State& state, const std::function<std::string(unsigned)>& make_line) {
  std::string bytes;
  for (const unsigned i : shuffled()) bytes += make_line(i);
  std::string room(kReadBytes, '\0');
  RefusalCounts refused{};

  for (auto _ : state) {
    std::string_view left = bytes;
    while (!left.empty()) {
      const ParsedLines parsed = parse_lines(left, room, kNow, refused);
      benchmark::DoNotOptimize(room.data());
      left.remove_prefix(parsed.consumed);
    }
  }
  state.SetItemsProcessed(state.iterations() * kLines);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
  state.counters["bytes_a_line"] = static_cast<double>(bytes.size()) / kLines;
}

void unpickle(benchmark::State& state, SamplePickle::Protocol protocol) {
  constexpr unsigned kPointsAFrame = 500;  // carbon-relay's MAX_DATAPOINTS_PER_MESSAGE
  std::vector<std::string> frames;
  std::size_t bytes = 0;
  const std::vector<unsigned> order = shuffled();
  for (unsigned first = 0; first < kLines; first += kPointsAFrame) {
    SamplePickle pickle(protocol);
    for (unsigned i = first; i < first + kPointsAFrame; ++i) {
      pickle.add(sample_path(order[i]), 1700000003, std::stod(sample_value(order[i], 0)));
    }
    frames.push_back(pickle.take());
    bytes += frames.back().size();
  }
  PickleReader reader;
  std::string room(kReadBytes, '\0');
  RefusalCounts refused{};
  std::uint64_t points = 0;

  for (auto _ : state) {
    for (const std::string& each : frames) {
      if (reader.read(each)) state.SkipWithError("refused");
      while (!reader.all_written()) {
        points += reader.write(room, kNow, refused).points;
        benchmark::DoNotOptimize(room.data());
      }
    }
  }
  if (points != static_cast<std::uint64_t>(state.iterations()) * kLines) {
    state.SkipWithError("points are missing");
  }
  state.SetItemsProcessed(state.iterations() * kLines);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
  state.counters["bytes_a_point"] = static_cast<double>(bytes) / kLines;
}

BENCHMARK_CAPTURE(parse, typical, typical);
BENCHMARK_CAPTURE(parse, tagged, tagged);
BENCHMARK_CAPTURE(parse, odd, odd);
BENCHMARK_CAPTURE(parse, stamped, stamped);
BENCHMARK_CAPTURE(parse, one_in_ten_bad, one_in_ten_bad);
BENCHMARK_CAPTURE(unpickle, protocol_0, SamplePickle::Protocol::Zero);
BENCHMARK_CAPTURE(unpickle, protocol_2, SamplePickle::Protocol::Two);
BENCHMARK_CAPTURE(unpickle, protocol_4, SamplePickle::Protocol::Four);

}  // namespace
}  // namespace carbon_spool
