// Sends Graphite lines of about 57 bytes as fast as they are taken, or at a given rate, then
// half-closes every connection and waits for the peer's end of file: a receiver that confirms by it
// has everything once this program ends.
//
// The lines are made beforehand, several rounds of all series with drifting values; while it runs
// only their timestamps are renewed, once a second, and with `--values` their values.

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "load_tool.h"
#include "sample_lines.h"

namespace carbon_spool {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kChunkLines = 1000;
/// Enough to drift, little enough to stay in the processor's cache.
constexpr std::size_t kLeastStockLines = 32'000;
/// How often a limited rate is made good.
constexpr auto kTick = std::chrono::milliseconds(1);

/// Lines that are sent as one, and together get a new timestamp.
struct Chunk {
  std::string bytes;
  std::vector<std::size_t> ends;  ///< of its lines, behind their LF
  std::time_t second = 0;
  unsigned senders = 0;  ///< connections that are in the midst of it
};

/// Some lines of one chunk, on their way.
struct Piece {
  Chunk* chunk = nullptr;
  std::size_t at = 0;
  std::size_t end = 0;

  [[nodiscard]] bool empty() const { return at == end; }
};

/// All lines, to be sent over and over.
class Stock {
 public:
  Stock(unsigned series, Values values) : values_(values) {
    const std::size_t lines = (kLeastStockLines + series - 1) / series * series;
    chunks_.resize((lines + kChunkLines - 1) / kChunkLines);
    for (unsigned i = 0; i < lines; ++i) {
      Chunk& chunk = chunks_[i / kChunkLines];
      const std::string value = values == Values::Drifting ? sample_value(i % series, i / series)
                                                           : std::string(kValueDigits, '0');
      chunk.bytes += sample_path(i % series) + ' ' + value + " 0000000000\n";
      chunk.ends.push_back(chunk.bytes.size());
    }
  }

  /// The next lines in turn, at most `limit` of them (at least one).
  Piece take(std::uint64_t limit, std::uint64_t& taken) {
    // Values must not be changed under a slow connection either.
    while (values_ != Values::Drifting && line_ == 0 && chunks_[chunk_].senders > 0) next_chunk();
    Chunk& chunk = chunks_[chunk_];
    // A chunk that a slow connection is still sending keeps its second until that is done.
    if (const std::time_t now = std::time(nullptr); chunk.second != now && chunk.senders == 0) {
      stamp(chunk, now);
    }
    taken = std::min<std::uint64_t>(limit, chunk.ends.size() - line_);
    Piece piece{&chunk, line_ == 0 ? 0 : chunk.ends[line_ - 1], 0};
    set_values(chunk, line_, line_ + taken);
    line_ += taken;
    piece.end = chunk.ends[line_ - 1];
    ++chunk.senders;
    if (line_ == chunk.ends.size()) next_chunk();
    return piece;
  }

  static void give_back(const Piece& piece) { --piece.chunk->senders; }

 private:
  void next_chunk() {
    line_ = 0;
    chunk_ = (chunk_ + 1) % chunks_.size();
  }

  void set_values(Chunk& chunk, std::size_t first, std::size_t last) {
    if (values_ == Values::Drifting) return;
    const std::uint64_t now = values_ == Values::Times ? now_microseconds() : 0;
    for (std::size_t i = first; i < last; ++i) {
      constexpr std::size_t kBehindValue = sizeof(" 0000000000\n") - 1;
      char* at = &chunk.bytes[chunk.ends[i] - kBehindValue];
      std::uint64_t left = values_ == Values::Times ? now : number_++;
      for (std::size_t digits = 0; digits < kValueDigits; ++digits, left /= 10) {
        *--at = static_cast<char>('0' + left % 10);
      }
    }
  }

  static void stamp(Chunk& chunk, std::time_t now) {
    const std::string digits = std::to_string(now);
    for (const std::size_t end : chunk.ends) {
      std::memcpy(&chunk.bytes[end - 1 - digits.size()], digits.data(), digits.size());
    }
    chunk.second = now;
  }

  const Values values_;
  std::uint64_t number_ = 0;
  std::vector<Chunk> chunks_;
  std::size_t chunk_ = 0;
  std::size_t line_ = 0;
};

struct Options {
  std::string to;
  std::uint64_t lines = 0;
  unsigned connections = 1;
  std::uint64_t rate = 0;  ///< lines a second; 0: unlimited
  unsigned series = kSampleLines;
  Values values = Values::Drifting;
};

class LoadGenerator {
 public:
  explicit LoadGenerator(const Options& options)
      : options_(options),
        stock_(options.series, options.values),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    for (unsigned i = 0; i < options.connections; ++i) {
      UniqueFd fd = connect_to(options.to);
      watch(epoll_, fd.get(), EPOLLOUT);
      const int number = fd.get();
      connections_.emplace(number, Connection{std::move(fd), {}, false});
    }
  }

  void run() {
    begin_ = SteadyClock::now();
    while (!connections_.empty()) {
      if (allowed() == 0 && handed_out_ < options_.lines) std::this_thread::sleep_for(kTick);
      std::array<epoll_event, 64> events;
      const int count = ::epoll_wait(epoll_.get(), events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        Connection& connection = connections_.at(events[static_cast<std::size_t>(i)].data.fd);
        connection.half_closed ? await_end(connection) : send_some(connection);
      }
    }
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - begin_).count();
    std::printf("lines=%llu bytes=%llu seconds=%.3f cpu_seconds=%.3f\n",
                static_cast<unsigned long long>(handed_out_),
                static_cast<unsigned long long>(bytes_), seconds, own_cpu_seconds());
  }

 private:
  struct Connection {
    UniqueFd fd;
    Piece piece;
    bool half_closed = false;
  };

  /// How many lines may be handed out now.
  [[nodiscard]] std::uint64_t allowed() const {
    const std::uint64_t left = options_.lines - handed_out_;
    if (options_.rate == 0) return left;
    const double seconds = std::chrono::duration<double>(SteadyClock::now() - begin_).count();
    const auto due = static_cast<std::uint64_t>(seconds * static_cast<double>(options_.rate));
    return std::min(left, due - std::min(due, handed_out_));
  }

  void send_some(Connection& connection) {
    Piece& piece = connection.piece;
    if (piece.empty()) {
      if (handed_out_ == options_.lines) return half_close(connection);
      const std::uint64_t limit = allowed();
      if (limit == 0) return;
      std::uint64_t taken = 0;
      piece = stock_.take(limit, taken);
      handed_out_ += taken;
    }
    const ssize_t sent = ::send(connection.fd.get(), piece.chunk->bytes.data() + piece.at,
                                piece.end - piece.at, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) fail("send");
    if (sent < 0) return;
    piece.at += static_cast<std::size_t>(sent);
    bytes_ += static_cast<std::uint64_t>(sent);
    if (piece.empty()) Stock::give_back(piece);
  }

  void half_close(Connection& connection) {
    if (::shutdown(connection.fd.get(), SHUT_WR) != 0) fail("shutdown");
    connection.half_closed = true;
    watch(epoll_, connection.fd.get(), EPOLLIN);
  }

  void await_end(const Connection& connection) {
    char byte = 0;
    const ssize_t got = ::recv(connection.fd.get(), &byte, 1, 0);
    if (got == 0) {
      const int number = connection.fd.get();
      connections_.erase(number);
    } else if (got > 0) {
      fail("the receiver answered", 0);
    } else if (errno != EAGAIN) {
      fail("waiting for the receiver's end of file");
    }
  }

  const Options options_;
  Stock stock_;
  const UniqueFd epoll_;
  std::unordered_map<int, Connection> connections_;
  SteadyClock::time_point begin_;
  std::uint64_t handed_out_ = 0;  ///< lines
  std::uint64_t bytes_ = 0;
};

}  // namespace
}  // namespace carbon_spool

int main(int count, char** arguments) {
  using namespace carbon_spool;
  CLI::App app("Sends Graphite lines, then waits until the receiver has closed every connection.");
  Options options;
  app.add_option("--to", options.to, "HOST:PORT")->required();
  app.add_option("--lines", options.lines, "how many in all")->required();
  app.add_option("--connections", options.connections)->check(CLI::PositiveNumber);
  app.add_option("--rate", options.rate, "lines a second; default: as many as are taken");
  app.add_option("--series", options.series, "different paths; default: 500 hosts with 16 each")
      ->check(CLI::PositiveNumber);
  app.add_option("--values", options.values, "what values tell: drifting, numbers, times")
      ->transform(CLI::CheckedTransformer(value_kinds()));
  CLI11_PARSE(app, count, arguments);

  raise_file_limit();
  LoadGenerator(options).run();
}
