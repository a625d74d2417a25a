// Sends StatsD packets, or Graphite lines, to a UDP port at a rate, for bench/statsd.py and
// bench/udp.py. Prints what it sent:
// `packets=N values=N seconds=S cpu_seconds=S`.

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <arpa/inet.h>
#include <sys/socket.h>

#include "load_tool.h"

namespace carbon_spool {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::uint16_t port = 0;
  std::uint64_t packets_per_second = 0;  ///< 0: as fast as it goes
  std::uint64_t values = 0;
  std::size_t packet_bytes = 0;  ///< 0: one value a packet
  std::uint32_t names = 1000;
  std::string type = "c";
};

UniqueFd connected_to(std::uint16_t port) {
  UniqueFd fd(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (!fd ||
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("connect");
  }
  return fd;
}

/// What is sent: all values once, or as much of it as goes round often enough.
struct Packets {
  std::vector<std::string> texts;
  std::vector<std::uint32_t> values;
};

/// The value of that number, as text; StatsD's without the end of its line, which the last in a
/// packet need not have.
std::string make_line(const Options& options, std::uint64_t number) {
  const std::string name =
      "load.servers.web-" + std::to_string(number % options.names) + ".requests";
  const std::string value = std::to_string(number * 7919 % 1000);
  if (options.type == "graphite") return name + ' ' + value + " 1700000000\n";
  return name + ':' + (options.type == "c" ? "1" : value) + '|' + options.type;
}

Packets make_packets(const Options& options) {
  Packets packets;
  std::string text;
  std::uint32_t in_packet = 0;
  const auto end_packet = [&] {
    if (in_packet == 0) return;
    packets.texts.push_back(std::exchange(text, {}));
    packets.values.push_back(std::exchange(in_packet, 0));
  };
  constexpr std::uint64_t kMostDistinct = 200'000;
  const std::uint64_t distinct = std::min<std::uint64_t>(options.values, kMostDistinct);
  for (std::uint64_t i = 0; i < distinct; ++i) {
    const std::string line = make_line(options, i);
    if (in_packet > 0 && text.size() + 1 + line.size() > options.packet_bytes) end_packet();
    if (in_packet > 0 && options.type != "graphite") text += '\n';
    text += line;
    ++in_packet;
  }
  end_packet();
  return packets;
}

void run(const Options& options) {
  const UniqueFd fd = connected_to(options.port);
  Packets packets = make_packets(options);
  constexpr std::size_t kBurst = 64;
  std::vector<mmsghdr> messages(kBurst);
  std::vector<iovec> pieces(kBurst);
  std::uint64_t sent_packets = 0;
  std::uint64_t sent_values = 0;
  std::size_t next = 0;
  const auto began = Clock::now();
  while (sent_values < options.values) {
    std::size_t count = 0;
    for (; count < kBurst && sent_values < options.values; ++count) {
      std::string& text = packets.texts[next];
      pieces[count] = {text.data(), text.size()};
      messages[count].msg_hdr = {};
      messages[count].msg_hdr.msg_iov = &pieces[count];
      messages[count].msg_hdr.msg_iovlen = 1;
      sent_values += packets.values[next];
      next = (next + 1) % packets.texts.size();
    }
    for (std::size_t done = 0; done < count;) {
      const int sent =
          ::sendmmsg(fd.get(), &messages[done], static_cast<unsigned>(count - done), 0);
      // A server that has gone away loses them.
      if (sent < 0 && errno != ECONNREFUSED) fail("sendmmsg");
      done += static_cast<std::size_t>(std::max(sent, 1));
    }
    sent_packets += count;
    if (options.packets_per_second == 0) continue;
    const std::chrono::duration<double> due(static_cast<double>(sent_packets) /
                                            static_cast<double>(options.packets_per_second));
    std::this_thread::sleep_until(began + std::chrono::duration_cast<Clock::duration>(due));
  }
  const std::chrono::duration<double> took = Clock::now() - began;
  std::printf("packets=%llu values=%llu seconds=%.3f cpu_seconds=%.3f\n",
              static_cast<unsigned long long>(sent_packets),
              static_cast<unsigned long long>(sent_values), took.count(), own_cpu_seconds());
}

}  // namespace
}  // namespace carbon_spool

int main(int argc, char** argv) {
  carbon_spool::Options options;
  CLI::App app("Sends StatsD packets to a UDP port of this machine.");
  app.add_option("--port", options.port)->required();
  app.add_option("--values", options.values, "how many to send")->required();
  app.add_option("--packets-per-second", options.packets_per_second, "0: as fast as it goes");
  app.add_option("--packet-bytes", options.packet_bytes, "0: one value a packet");
  app.add_option("--names", options.names, "distinct ones");
  app.add_option("--type", options.type, "c, ms, or graphite: its lines");
  CLI11_PARSE(app, argc, argv);
  carbon_spool::run(options);
}
