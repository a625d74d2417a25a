#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>

#include "carbon_spool/host/host_sampler.h"

#include "temp_dir.h"

namespace carbon_spool {

/// A host called web01 that is a folder, with a clock that the test moves.
class SampledHost {
 public:
  using Values = std::map<std::string, std::string>;  ///< by name

  explicit SampledHost(HostOptions options, CollectorKind only) : options_(std::move(options)) {
    options_.root = root_.path();
    options_.collectors = {only};
    sampler_.emplace(options_, [this] { return now_; });
  }

  void write(const std::string& path, const std::string& text) const {
    const std::string file = root_ / path;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file) << text;
  }

  [[nodiscard]] std::string path_of(const std::string& path) const { return root_ / path; }

  /// Ten seconds after the one before.
  [[nodiscard]] Values sample() {
    now_ += std::chrono::seconds(10);
    Values values;
    sampler_->sample("web01", 1393350017, [&](std::string_view line) {
      const std::string stamp = " 1393350017\n";
      if (!line.ends_with(stamp)) throw std::runtime_error(std::string(line));
      line.remove_suffix(stamp.size());
      const std::size_t blank = line.find(' ');
      values.emplace(line.substr(0, blank), line.substr(blank + 1));
    });
    return values;
  }

  [[nodiscard]] const std::map<std::string, std::string>& failures() const {
    return sampler_->failures();
  }

 private:
  TempDir root_;
  HostOptions options_;
  std::chrono::steady_clock::time_point now_{};
  std::optional<HostSampler> sampler_;
};

}  // namespace carbon_spool
