#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <pthread.h>

#include "carbon_spool/input/input.h"

namespace carbon_spool {

/// Keeps what an input hands over. Can hold the input back, and can keep its answers back.
/// Every wait gives up after half a minute.
class RecordingSink : public PointSink {
 public:
  std::optional<BatchBuilder> obtain_builder() override {
    std::unique_lock lock(mutex_);
    ++blocked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hold_ || stopped_; });
    --blocked_;
    if (stopped_) return std::nullopt;
    return BatchBuilder();
  }

  /// Does not wait at all: that it gave up is what tests look at.
  std::optional<BatchBuilder> obtain_builder_within(Milliseconds) override {
    const std::lock_guard lock(mutex_);
    if (hold_ || stopped_) return std::nullopt;
    return BatchBuilder();
  }

  void keep(const std::string& key, const std::string& text) override {
    const std::lock_guard lock(mutex_);
    kept_[key] = text;
  }
  std::optional<std::string> kept(const std::string& key) const override {
    const std::lock_guard lock(mutex_);
    const auto found = kept_.find(key);
    return found == kept_.end() ? std::nullopt : std::optional(found->second);
  }

  std::uint64_t submit(BatchBuilder builder) override {
    const std::lock_guard lock(mutex_);
    text_ += builder.lines();
    points_ += builder.points();
    for (const auto& [key, text] : builder.notes()) {
      text.empty() ? static_cast<void>(kept_.erase(key)) : static_cast<void>(kept_[key] = text);
    }
    batch_bytes_.push_back(builder.bytes());
    char name[16];
    ::pthread_getname_np(::pthread_self(), name, sizeof name);
    threads_.insert(name);
    changed_.notify_all();
    return ++last_ticket_;
  }

  std::uint64_t submit_together(std::vector<BatchBuilder> builders) override {
    std::uint64_t ticket = 0;
    for (BatchBuilder& each : builders) ticket = submit(std::move(each));
    return ticket;
  }

  void when_durable(std::uint64_t ticket, std::function<void(bool)> then) override {
    bool stopped = false;
    {
      const std::lock_guard lock(mutex_);
      asked_for_ = std::max(asked_for_, ticket);
      stopped = stopped_;
      if (withhold_ && !stopped) questions_.push_back(std::exchange(then, nullptr));
      changed_.notify_all();
    }
    if (then) then(!stopped);
  }

  /// From now on `obtain_builder` blocks.
  void hold() { change(hold_, true); }
  void let_go() { change(hold_, false); }
  /// From now on `obtain_builder` returns none, and nothing more is durable.
  void stop() { change(stopped_, true); }
  /// From now on nobody is told that anything is durable.
  void withhold_answers() { change(withhold_, true); }
  /// Answers all that was asked so far.
  void answer(bool accepted) {
    std::vector<std::function<void(bool)>> questions;
    {
      const std::lock_guard lock(mutex_);
      questions.swap(questions_);
    }
    for (const auto& each : questions) each(accepted);
  }

  [[nodiscard]] bool wait_until_asked() {
    return wait([this] { return !questions_.empty(); });
  }
  [[nodiscard]] bool wait_until_blocked() {
    return wait([this] { return hold_ && blocked_ > 0; });
  }
  [[nodiscard]] bool wait_for_points(std::uint64_t points) {
    return wait([&] { return points_ >= points; });
  }

  [[nodiscard]] std::uint64_t points() const { return get(points_); }
  [[nodiscard]] std::string text() const { return get(text_); }
  [[nodiscard]] std::vector<std::size_t> batch_bytes() const { return get(batch_bytes_); }
  [[nodiscard]] std::set<std::string> threads() const { return get(threads_); }
  /// The greatest ticket whose durability was asked for; 0: none.
  [[nodiscard]] std::uint64_t asked_for() const { return get(asked_for_); }

 private:
  void change(bool& what, bool to) {
    const std::lock_guard lock(mutex_);
    what = to;
    changed_.notify_all();
  }

  template <class Condition>
  bool wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

  template <class T>
  T get(const T& what) const {
    const std::lock_guard lock(mutex_);
    return what;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool hold_ = false;
  bool stopped_ = false;
  bool withhold_ = false;
  int blocked_ = 0;
  std::uint64_t last_ticket_ = 0;
  std::uint64_t asked_for_ = 0;
  std::uint64_t points_ = 0;
  std::string text_;
  std::map<std::string, std::string> kept_;
  std::vector<std::size_t> batch_bytes_;
  std::set<std::string> threads_;
  std::vector<std::function<void(bool)>> questions_;
};

}  // namespace carbon_spool
