#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "carbon_spool/input/ingest_threads.h"
#include "carbon_spool/input/input.h"

#include "recording_sink.h"
#include "socket_client.h"

namespace carbon_spool {

/// What a test varies.
struct RunningInputOptions {
  InputType type = InputType::Graphite;
  std::vector<std::string> listen = {"tcp://127.0.0.1:0"};
  std::uint32_t threads = 1;
  std::uint32_t max_connections = 20000;
  std::size_t max_fragment_bytes = kMaxFragmentBytes;
  std::size_t max_frame_fragment_bytes = kMaxFrameFragmentBytes;
  RefusalCounts refused_before{};
  Milliseconds idle_timeout{60'000};
  const Clock* clock = &system_clock();  ///< outlives the input
};

/// An input on real sockets in front of a recording sink.
class RunningInput {
 public:
  explicit RunningInput(const RunningInputOptions& options = {})
      : threads_(options.threads, options.max_fragment_bytes, options.max_frame_fragment_bytes) {
    InputOptions input;
    input.type = options.type;
    input.max_connections = options.max_connections;
    input.idle_timeout = options.idle_timeout;
    for (const std::string& each : options.listen) {
      input.listen.push_back(parse_address(each).value());
    }
    auto started =
        Input::start(input, ProducerId{7}, sink, threads_, options.refused_before, *options.clock);
    INFO((started ? "" : started.error().message));
    REQUIRE(started);
    input_ = std::move(started).value();
  }

  /// A test that fails half-way must not wait for ever.
  ~RunningInput() {
    if (input_) input_->stop();
    sink.stop();
    sink.answer(false);
    input_.reset();
  }

  [[nodiscard]] Input& input() { return *input_; }
  [[nodiscard]] Address address(std::size_t index = 0) const {
    return input_->listening().at(index);
  }
  [[nodiscard]] SocketClient client(std::size_t index = 0) const {
    return SocketClient(address(index));
  }
  [[nodiscard]] std::uint64_t refused(Refusal reason) const {
    return input_->stats().refused[static_cast<std::size_t>(reason)];
  }

  /// Returns once everything that was sent before, to the only ingest thread, has been read: points
  /// sent after it on another connection have come through. Two of them, because during the first a
  /// new connection may only have been accepted.
  void settle(SocketClient& probe, std::string_view point = "probe 1 1700000000\n") {
    for (int round = 0; round < 2; ++round) {
      const std::uint64_t before = sink.points();
      probe.send(point);
      REQUIRE(sink.wait_for_points(before + 1));
    }
  }

  RecordingSink sink;

 private:
  IngestThreads threads_;
  std::unique_ptr<Input> input_;
};

}  // namespace carbon_spool
