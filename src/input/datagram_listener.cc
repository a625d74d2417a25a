#include "datagram_listener.h"

#include "ingest_thread.h"

namespace carbon_spool {
namespace {

/// The most bursts that are received before other sockets have their turn.
constexpr int kBurstsPerTurn = 8;
/// What the smallest takes of a socket's buffer, with the kernel's own bookkeeping; about.
constexpr std::size_t kBytesInSocket = 1024;

}  // namespace

DatagramListener::DatagramListener(InputState& input, ListeningPtr listening, IngestThread& thread,
                                   UniqueFd fd)
    : InputSocket(input, input.listeners, std::move(listening), thread, std::move(fd)) {}

void DatagramListener::begin(std::unique_ptr<DatagramListener> self) {
  if (self->is_stopping()) return;
  self->join_thread();
  wait_until_readable(std::move(self));
}

void DatagramListener::on_readable(std::unique_ptr<DatagramListener> self) {
  if (is_stopping()) return;
  for (int turn = 0; turn < kBurstsPerTurn; ++turn) {
    const std::size_t received = thread_.datagrams().receive(fd());
    thread_.pace().count(received * kBytesInSocket);
    if (!take(received)) return close();
    if (received < DatagramBurst::kMost) break;
  }
  wait_until_readable(std::move(self));
}

bool DatagramListener::take(std::size_t received) {
  const DatagramBurst& burst = thread_.datagrams();
  PointIntake intake(input_, *listening_, thread_);
  for (std::size_t index = 0; index < received; ++index) {
    if (const auto drops = burst.drops(index)) count_kernel_drops(*drops);
    if (!intake.take_datagram(burst.payload(index), burst.is_cut_off(index))) {
      input_.datagrams_dropped.fetch_add(received - index, std::memory_order_relaxed);
      return false;
    }
    if (intake.any_refused()) intake.report_refused(burst.peer(index));
  }
  return true;
}

void DatagramListener::count_kernel_drops(std::uint32_t drops) {
  // Unsigned arithmetic makes the difference right across a wrap-around.
  input_.datagrams_dropped.fetch_add(drops - kernel_drops_, std::memory_order_relaxed);
  kernel_drops_ = drops;
}

void DatagramListener::stop() {
  close();
}

}  // namespace carbon_spool
