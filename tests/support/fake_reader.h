#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "carbon_spool/base/assert.h"
#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// A batch that holds its own lines.
class FakeBatch : public Batch {
 public:
  FakeBatch(const Mark& begin, std::uint64_t points, std::string lines) : owned_(std::move(lines)) {
    points_ = points;
    lines_ = owned_;
    accepted_at_ = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::system_clock::now().time_since_epoch())
                       .count();
    range_.begin = begin;
    range_.end = {begin.sequence.next(), begin.points + points, begin.bytes + owned_.size()};
  }

 private:
  const std::string owned_;
};

/// A reader of a log in memory, which checks what a sender may do with it: only what was taken and
/// is neither acknowledged nor put back may be either. Threads: any.
class FakeReader : public Reader {
 public:
  // --- the log ---

  /// One more batch of `lines` lines, each `size` bytes long and different from all others.
  void add(int lines = 10, std::size_t size = 40) {
    std::string text;
    for (int i = 0; i < lines; ++i) {
      std::string line = "test.line." + std::to_string(made_++) + " 1 1";
      line.insert(line.size() - 4, size > line.size() + 1 ? size - line.size() - 1 : 0, 'x');
      text += line + '\n';
    }
    add_text(static_cast<std::uint64_t>(lines), std::move(text));
  }
  void add_text(std::uint64_t points, std::string text) {
    const std::lock_guard lock(mutex_);
    const Mark begin = log_.empty() ? Mark{Sequence{1}, 0, 0} : log_.back()->range().end;
    log_.push_back(std::make_shared<FakeBatch>(begin, points, std::move(text)));
    unsent_.insert(log_.back()->range());
    for (RangeSet& share : shares_) share.insert(log_.back()->range());
    if (wake_) wake_();
    changed_.notify_all();
  }

  /// From now on it can only be taken in shares; all that is added is live in each of them.
  void divide_into(std::size_t shares) {
    const std::lock_guard lock(mutex_);
    shares_.resize(shares);
  }

  // --- what the sender did ---

  struct Seen {
    std::uint64_t acknowledged_batches = 0;
    std::uint64_t acknowledge_calls = 0;
    std::uint64_t put_backs = 0;
    std::uint64_t taken = 0;
    std::uint64_t resends_of_kept = 0;
    bool all_acknowledged = false;
    bool any_unsent = false;
    bool any_unconfirmed = false;
    std::vector<std::string> set_aside;
  };

  [[nodiscard]] Seen seen() const {
    const std::lock_guard lock(mutex_);
    return look();
  }
  /// True if `condition(seen)` came true within a generous time.
  template <class Condition>
  [[nodiscard]] bool wait(Condition condition) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] { return condition(look()); });
  }
  [[nodiscard]] bool wait_until_all_acknowledged() const {
    return wait([](const Seen& seen) { return seen.all_acknowledged; });
  }
  /// The lines of all acknowledged batches, but those set aside.
  [[nodiscard]] std::vector<std::string> acknowledged_lines() const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> lines;
    for (const BatchPtr& batch : log_) {
      if (!acknowledged_.contains(batch->range().begin.sequence)) continue;
      std::string_view rest = batch->lines();
      for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;) {
        std::string line(rest.substr(0, end + 1));
        if (std::find(set_aside_.begin(), set_aside_.end(), line) == set_aside_.end()) {
          lines.push_back(std::move(line));
        }
        rest.remove_prefix(end + 1);
      }
    }
    return lines;
  }

  [[nodiscard]] std::vector<std::size_t> shares_put_back() const {
    const std::lock_guard lock(mutex_);
    return shares_put_back_;
  }

  // --- Reader ---

  void begin_live() override {
    const std::lock_guard lock(mutex_);
    live_from_ = Sequence{log_.size() + 1};
  }
  using Reader::take;
  std::optional<Taken> take(Part part, Share share) override {
    const std::lock_guard lock(mutex_);
    CS_ASSERT(share.has_value() == !shares_.empty());
    if (share) return take_share(shares_[*share]);
    const auto next = next_of(part);
    if (!next) return std::nullopt;
    const Sequence first = *next;
    BatchPtr batch = log_[first.value - 1];
    unsent_.erase(batch->range());
    unconfirmed_.insert(batch->range());
    ++taken_;
    changed_.notify_all();
    return Taken{std::move(batch), false};
  }
  using Reader::has_unsent;
  bool has_unsent(Part part, Share share) const override {
    const std::lock_guard lock(mutex_);
    if (share) return !shares_[*share].empty();
    return next_of(part).has_value();
  }
  void on_unsent(std::function<void()> wake) override {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }
  using Reader::acknowledge;
  void acknowledge(const RangeSet& ranges, Share) override {
    const std::lock_guard lock(mutex_);
    CS_ASSERT(!ranges.empty());
    settle(ranges);
    acknowledged_.insert(ranges);
    ++acknowledge_calls_;
    changed_.notify_all();
  }
  using Reader::put_back;
  void put_back(const RangeSet& ranges, Share share) override {
    const std::lock_guard lock(mutex_);
    CS_ASSERT(!ranges.empty());
    if (share) {
      shares_[*share].insert(ranges);
      shares_put_back_.push_back(*share);
      return;
    }
    settle(ranges);
    unsent_.insert(ranges);
    ++put_backs_;
    changed_.notify_all();
  }
  void resend_kept() override {
    const std::lock_guard lock(mutex_);
    ++resends_of_kept_;
    changed_.notify_all();
  }
  void acknowledge_without(const Range& range, const std::vector<std::string>& lines,
                           Share) override {
    const std::lock_guard lock(mutex_);
    RangeSet ranges;
    ranges.insert(range);
    settle(ranges);
    acknowledged_.insert(range);
    set_aside_.insert(set_aside_.end(), lines.begin(), lines.end());
    changed_.notify_all();
  }
  void divide(bool) override {}
  bool is_divided() const override {
    const std::lock_guard lock(mutex_);
    return !shares_.empty();
  }
  void change_options(const ReaderOptions&) override {}

 private:
  std::optional<Sequence> next_of(Part part) const {
    if (part == Part::Live) return unsent_.first_from(live_from_);
    if (unsent_.empty() || unsent_.front().begin.sequence >= live_from_) return std::nullopt;
    return unsent_.front().begin.sequence;
  }
  std::optional<Taken> take_share(RangeSet& unsent) {
    if (unsent.empty()) return std::nullopt;
    BatchPtr batch = log_[unsent.front().begin.sequence.value - 1];
    unsent.erase(batch->range());
    return Taken{std::move(batch), false};
  }
  void settle(const RangeSet& ranges) {
    const std::uint64_t settled = unconfirmed_.erase(ranges).batches();
    CS_ASSERT(settled == ranges.batches());
  }
  Seen look() const {
    Seen seen;
    seen.acknowledged_batches = acknowledged_.batches();
    seen.acknowledge_calls = acknowledge_calls_;
    seen.put_backs = put_backs_;
    seen.taken = taken_;
    seen.resends_of_kept = resends_of_kept_;
    seen.all_acknowledged = acknowledged_.batches() == log_.size();
    seen.any_unsent = !unsent_.empty();
    seen.any_unconfirmed = !unconfirmed_.empty();
    seen.set_aside = set_aside_;
    return seen;
  }

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<BatchPtr> log_;
  Sequence live_from_{1};
  RangeSet unsent_;
  RangeSet unconfirmed_;
  RangeSet acknowledged_;
  std::uint64_t acknowledge_calls_ = 0;
  std::uint64_t put_backs_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t resends_of_kept_ = 0;
  std::vector<std::string> set_aside_;
  std::vector<RangeSet> shares_;  ///< unsent
  std::vector<std::size_t> shares_put_back_;
  std::function<void()> wake_;
  int made_ = 0;  ///< by the test's thread
};

}  // namespace carbon_spool
