#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include "carbon_spool/output/graphite_sender.h"

#include "backoff.h"
#include "carrier.h"
#include "carry_budget.h"
#include "confirm.h"
#include "dial.h"
#include "poison.h"
#include "replay_pace.h"
#include "sender_report.h"
#include "sources.h"
#include "wakeup.h"

namespace carbon_spool {

/// The sender behind GraphiteSender. One coroutine (`run`) connects, sends and backs off; a
/// connection that has carried its share is seen off by a coroutine of its own, while the next one
/// carries on; a third kind opens connections.
/// Threads: everything below runs on the sender's own thread, unless it says otherwise.
class Sender final : public GraphiteSender {
 public:
  Sender(const SenderOptions& options, Supply supply,
         std::function<std::uint64_t()> points_waiting);
  ~Sender() override;

  using GraphiteSender::drain;
  void drain(Milliseconds timeout, Drain what) override;  // any thread
  void finished() override;                               // the owner's
  [[nodiscard]] SenderStats stats() const override;       // any thread

 private:
  /// A connection that is being opened.
  struct Opening {
    std::optional<Dialled> result;
  };

  // The story: graphite_sender.cc.
  asio::awaitable<void> run();
  asio::awaitable<void> connect();
  asio::awaitable<void> carry(Carrier& carrier);
  asio::awaitable<void> see_off(CarrierPtr carrier);
  asio::awaitable<void> open(std::shared_ptr<Opening> opening);
  void begin_opening();
  void adopt(Dialled dialled);
  void retire(const CarrierPtr& carrier);
  void give_up();

  // What a connection may carry, and when it is time for the next: sender_loading.cc.
  [[nodiscard]] bool may_load(const Carrier& carrier) const;
  void load(Carrier& carrier);
  void load_trial(Carrier& carrier);
  void load_batches(Carrier& carrier);
  [[nodiscard]] std::optional<Parcel> take();
  [[nodiscard]] std::optional<Parcel> take_live();
  [[nodiscard]] std::optional<Parcel> take_backlog();
  [[nodiscard]] bool at_limit(const Carrier& carrier) const;
  [[nodiscard]] bool near_limit(const Carrier& carrier) const;
  [[nodiscard]] bool is_done(const Carrier& carrier) const;
  [[nodiscard]] Milliseconds confirm_every() const;
  [[nodiscard]] Moment next_event(const Carrier& carrier) const;
  void look(Carrier& carrier);

  // What the end of a connection means: sender_endings.cc.
  void confirmed(Carrier& carrier);
  void lost(Carrier& carrier);
  void not_confirmed(Carrier& carrier, Ending ending, Milliseconds timeout);
  void end_unclean(Carrier& carrier, Ending ending);
  void end_trial(bool clean);
  [[nodiscard]] bool accuse(const Cargo& cargo, Ending ending);
  void bad_end();
  void set_back();
  [[nodiscard]] bool never_confirms() const;

  [[nodiscard]] bool by_kernel() const { return options_.acknowledge == Acknowledge::Kernel; }
  [[nodiscard]] bool in_order() const { return options_.replay == Replay::OldestFirst; }
  [[nodiscard]] bool has_unsent() const { return !sends_no_more_ && sources_.has_unsent(); }
  [[nodiscard]] bool nothing_to_send() const {
    return sends_no_more_ || (!sources_.has_unsent() && suspects_.empty());
  }
  [[nodiscard]] bool holding() const { return present() < hold_until_; }
  [[nodiscard]] bool expired() const;
  [[nodiscard]] bool over() const;
  void show_state();
  void show(SenderState state);
  void begin_drain(Moment deadline, Drain what);
  void spawn(asio::awaitable<void> coroutine);

  const SenderOptions options_;
  Sources sources_;
  SenderReport report_;
  std::atomic<bool> unsent_noted_{false};

  asio::io_context io_{1};
  Wakeup wake_;  ///< `run` sleeps on it
  Backoff backoff_;
  CarryBudget budget_;
  ReplayPace pace_;
  Suspects suspects_;
  CarrierPtr current_;
  std::vector<CarrierPtr> leaving_;  ///< half-closed, waiting for their end of file
  std::shared_ptr<Opening> next_;
  Moment hold_until_{};              ///< back-off: nothing new is begun before
  Moment deadline_ = Moment::max();  ///< of the drain
  bool draining_ = false;
  bool sends_no_more_ = false;
  bool renewing_ = false;         ///< the next connection takes the place of one that we ended
  unsigned bad_ends_ = 0;         ///< that we did not begin
  unsigned silent_in_a_row_ = 0;  ///< connections that ended Ending::Silent

  std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace carbon_spool
