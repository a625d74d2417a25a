#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>

#include "batch_gatherer.h"
#include "datagram_burst.h"
#include "fragment.h"
#include "input_socket.h"

namespace carbon_spool {

/// One thread that reads from sockets, and what they share. Runs from construction to destruction;
/// all its sockets must be gone by then. Threads: all members but `io` and `gatherer` only on the
/// thread itself.
class IngestThread {
 public:
  IngestThread(const std::string& name, FragmentBudget& budget);
  ~IngestThread();
  IngestThread(const IngestThread&) = delete;
  IngestThread& operator=(const IngestThread&) = delete;

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] BatchGatherer& gatherer() { return gatherer_; }
  [[nodiscard]] FragmentList& fragments() { return fragments_; }
  [[nodiscard]] InputSocketList& sockets() { return sockets_; }

  /// Where streams are read to. There are kMaxLineBytes of space in front of it, so that the
  /// beginning of a line can be put before its end.
  [[nodiscard]] std::span<char> read_area();
  [[nodiscard]] DatagramBurst& datagrams();

 private:
  boost::asio::io_context io_{1};
  BatchGatherer gatherer_{io_};
  FragmentList fragments_;
  InputSocketList sockets_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<DatagramBurst> datagrams_;  ///< made when a datagram socket first asks
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  std::jthread thread_;
};

}  // namespace carbon_spool
