#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/intrusive/list.hpp>

#include "carbon_spool/wire/pickle_frames.h"

#include "batch_gatherer.h"
#include "burst_pace.h"
#include "datagram_burst.h"
#include "fragment.h"
#include "input_socket.h"

namespace carbon_spool {

/// One thread that reads from sockets, and what they share. Runs from construction to destruction;
/// all its sockets must be gone by then. Threads: all members but `io` and `gatherer` only on the
/// thread itself.
class IngestThread {
 public:
  /// The budgets: of unfinished lines, of unfinished frames.
  IngestThread(const std::string& name, FragmentBudget& lines, FragmentBudget& frames);
  ~IngestThread();
  IngestThread(const IngestThread&) = delete;
  IngestThread& operator=(const IngestThread&) = delete;

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] BatchGatherer& gatherer() { return gatherer_; }
  [[nodiscard]] FragmentList& fragments(InputType type);
  [[nodiscard]] InputSocketList& sockets() { return sockets_; }

  /// Where streams are read to. There are kMaxLineBytes of space in front of it, so that the
  /// beginning of a line can be put before its end.
  [[nodiscard]] std::span<char> read_area();
  [[nodiscard]] DatagramBurst& datagrams();
  [[nodiscard]] PickleReader& pickles();
  [[nodiscard]] BurstPace& pace() { return pace_; }

 private:
  void run();

  boost::asio::io_context io_{1};
  BatchGatherer gatherer_{io_};
  BurstPace pace_;
  FragmentList lines_;
  FragmentList frames_;
  InputSocketList sockets_;
  std::unique_ptr<char[]> buffer_;
  std::unique_ptr<DatagramBurst> datagrams_;  ///< made when a datagram socket first asks
  std::unique_ptr<PickleReader> pickles_;     ///< made when the first pickle comes
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> keep_running_;
  std::jthread thread_;
};

}  // namespace carbon_spool
