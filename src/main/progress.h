#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace carbon_spool {

/// How far long work has come, on one line of standard error; nothing where that is no terminal.
class Progress {
 public:
  explicit Progress(std::string what) : what_(std::move(what)) {}
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::uint64_t done, std::uint64_t of);

 private:
  const std::string what_;
  bool shown_ = false;
  std::chrono::steady_clock::time_point next_ = std::chrono::steady_clock::now() + kPeriod;

  static constexpr std::chrono::milliseconds kPeriod{250};
};

}  // namespace carbon_spool
