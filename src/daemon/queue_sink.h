#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "carbon_spool/input/input.h"
#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// The inputs' way to the queue.
class QueueSink final : public PointSink {
 public:
  explicit QueueSink(Queue& queue) : queue_(queue) {}

  [[nodiscard]] std::optional<BatchBuilder> obtain_builder() override {
    return queue_.obtain_builder();
  }
  [[nodiscard]] std::optional<BatchBuilder> obtain_builder_within(Milliseconds most) override {
    return queue_.obtain_builder_within(most);
  }
  std::uint64_t submit(BatchBuilder builder) override { return queue_.submit(std::move(builder)); }
  std::uint64_t submit_together(std::vector<BatchBuilder> builders) override {
    return queue_.submit_together(std::move(builders));
  }
  void when_durable(std::uint64_t ticket, std::function<void(bool accepted)> then) override {
    queue_.when_durable(ticket, std::move(then));
  }
  void keep(const std::string& key, const std::string& text) override {
    queue_.put_note(key, text);
  }
  [[nodiscard]] std::optional<std::string> kept(const std::string& key) const override {
    return queue_.note(key);
  }

 private:
  Queue& queue_;
};

}  // namespace carbon_spool
