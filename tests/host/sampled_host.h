#pragma once

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

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

  /// The values of the second of two samples.
  [[nodiscard]] Values second(const std::string& path, const std::string& first,
                              const std::string& then) {
    write(path, first);
    static_cast<void>(sample());
    write(path, then);
    return sample();
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

/// Those among `values` whose names `wanted` has, with `servers.web01.` in front.
inline SampledHost::Values among(const SampledHost::Values& values,
                                 const SampledHost::Values& wanted) {
  SampledHost::Values found;
  for (const auto& [name, value] : wanted) {
    const auto at = values.find("servers.web01." + name);
    found[name] = at == values.end() ? "none" : at->second;
  }
  return found;
}

/// What follows `front`, which all of them have.
inline std::vector<std::string> names_of(const SampledHost::Values& values,
                                         const std::string& front) {
  std::vector<std::string> names;
  for (const auto& [name, value] : values) {
    REQUIRE(name.starts_with(front));
    names.push_back(name.substr(front.size()));
  }
  return names;
}

}  // namespace carbon_spool
