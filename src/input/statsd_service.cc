#include "statsd_service.h"

#include <chrono>
#include <string>
#include <utility>

#include <boost/asio/post.hpp>
#include <pthread.h>

#include "input_state.h"

namespace carbon_spool {
namespace {

/// How often the names of `forward_to` are looked up again.
constexpr std::chrono::seconds kLookUpEvery(60);

/// The lines that StatsD's `config` has of where it listens.
std::vector<std::string> lines_about(const std::vector<Address>& console) {
  std::vector<std::string> lines;
  for (const Address& each : console) {
    if (!each.path.empty()) continue;
    lines.push_back("mgmt_port: " + std::to_string(each.port));
    lines.push_back("mgmt_address: " + each.host);
  }
  return lines;
}

}  // namespace

StatsdService::StatsdService(const StatsdInputOptions& options, InputState& input)
    : options_(options),
      input_(input),
      aggregator_(options.statsd, input.clock),
      flusher_(options, aggregator_, input),
      repeater_(options.forward_to, input) {}

StatsdService::~StatsdService() {
  stop();
}

Result<std::unique_ptr<StatsdService>> StatsdService::prepare(const StatsdInputOptions& options,
                                                              InputState& input) {
  std::unique_ptr<StatsdService> service(new StatsdService(options, input));
  if (auto bound = service->bind_console(); !bound) return bound.error();
  return service;
}

Result<void> StatsdService::bind_console() {
  if (!options_.console) return success();
  auto bound = bind_address(*options_.console);
  if (!bound) return bound.error().in("console");
  console_sockets_ = std::move(bound.value());
  for (const BoundSocket& each : console_sockets_) console_at_.push_back(each.address);
  return success();
}

void StatsdService::begin() {
  flusher_.begin();
  console_.emplace(
      aggregator_, [this] { return flusher_.last_flush(); }, lines_about(console_at_),
      input_.clock);
  console_server_.emplace(io_, *console_);
  console_server_->listen(std::exchange(console_sockets_, {}));
  thread_ = std::thread([this] { run(); });
}

void StatsdService::run() {
  ::pthread_setname_np(::pthread_self(), "statsd");
  tick();
  io_.run();
}

void StatsdService::tick() {
  if (stopping_) return;
  connect_repeater_if_due();
  timer_.expires_after(flusher_.tick());
  timer_.async_wait([this](const boost::system::error_code&) { tick(); });
}

void StatsdService::connect_repeater_if_due() {
  const auto now = std::chrono::steady_clock::now();
  if (repeater_.empty() || now < connect_at_) return;
  repeater_.connect();
  connect_at_ = now + kLookUpEvery;
}

void StatsdService::stop() {
  if (!thread_.joinable()) return;
  boost::asio::post(io_, [this] {
    stopping_ = true;
    timer_.cancel();
    console_server_->stop();
  });
  thread_.join();
  flusher_.finish();
}

}  // namespace carbon_spool
