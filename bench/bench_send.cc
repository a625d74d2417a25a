// What a sender does with batches once it has them: gives them to a connection whose peer reads all
// the time, on this machine's loopback device. Workloads:
//   send/BYTES   batches of so many bytes, as many at a time as the connection takes

#include <array>
#include <memory>
#include <string>
#include <thread>

#include <arpa/inet.h>
#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "carbon_spool/base/unique_fd.h"

#include "connection.h"
#include "wakeup.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kGatherBytes = 256 * 1024;  // as `Sender` does

struct Ends {
  UniqueFd ours;
  UniqueFd peer;
};

Ends connect_over_loopback() {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof name;
  auto* const address = reinterpret_cast<sockaddr*>(&name);
  Ends ends{UniqueFd(::socket(AF_INET, SOCK_STREAM, 0)), UniqueFd()};
  if (::bind(listener.get(), address, size) != 0 || ::listen(listener.get(), 1) != 0 ||
      ::getsockname(listener.get(), address, &size) != 0 ||
      ::connect(ends.ours.get(), address, size) != 0) {
    return {};
  }
  ends.peer = UniqueFd(::accept(listener.get(), nullptr, nullptr));
  return ends;
}

void read_all(int socket) {
  std::array<char, 256 * 1024> buffer{};
  while (::recv(socket, buffer.data(), buffer.size(), 0) > 0) {
  }
}

void send(benchmark::State& state) {
  Ends ends = connect_over_loopback();
  if (!ends.peer) return state.SkipWithError("no connection");
  std::thread peer([&] { read_all(ends.peer.get()); });
  asio::io_context io;
  Wakeup changed(io.get_executor());
  StreamSocket socket(io);
  socket.assign(asio::generic::stream_protocol(AF_INET, IPPROTO_TCP), ends.ours.release());
  const auto connection = Connection::adopt(std::move(socket), changed);
  const auto lines = std::make_shared<std::string>(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    connection->load(lines, *lines);
    if (connection->unwritten() < kGatherBytes && !connection->crowded()) continue;
    while (connection->unwritten() > 0 && !connection->failed()) {
      connection->writable() ? connection->write() : static_cast<void>(io.run_one());
    }
  }
  if (connection->failed()) state.SkipWithError("the connection broke");
  connection->close();
  io.poll();
  peer.join();
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(send)->Arg(256)->Arg(4096)->Arg(64 << 10)->UseRealTime();

}  // namespace
}  // namespace carbon_spool
