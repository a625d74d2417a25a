#pragma once

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <catch2/catch.hpp>

#include "tail_chain.h"
#include "temp_dir.h"

namespace carbon_spool {

/// Keeps lines, without their ends.
class Lines final : public TailTaker {
 public:
  std::size_t take(const std::string& /*file*/, std::string_view lines) override {
    const std::size_t all = lines.size();
    while (!lines.empty() && !held) {
      const std::size_t end = lines.find('\n');
      taken.emplace_back(lines.substr(0, end));
      lines.remove_prefix(end + 1);
    }
    return all - lines.size();
  }
  bool commit() override { return false; }
  void count_too_long(const std::string& /*file*/) override { ++too_long; }

  std::vector<std::string> taken;
  int too_long = 0;
  bool held = false;
};

/// A log, its writer, its rotations, and somebody who follows it.
class Scene {
 public:
  [[nodiscard]] std::string log(const std::string& suffix = "") const {
    return folder_ / ("app.log" + suffix);
  }

  void write(const std::string& text) { write_to(log(), text); }
  static void write_to(const std::string& path, const std::string& text) {
    std::ofstream(path, std::ios::app | std::ios::binary) << text;
  }
  /// As logrotate: FILE.1 becomes FILE.2 first.
  void shift() {
    for (const char* last : {".9", ".9.gz"}) std::filesystem::remove(log(last));
    for (int i = 8; i > 0; --i) {
      for (const char* gz : {"", ".gz"}) {
        const std::string from = log("." + std::to_string(i) + gz);
        if (std::filesystem::exists(from))
          std::filesystem::rename(from, log("." + std::to_string(i + 1) + gz));
      }
    }
  }
  void rename(bool create = true) {
    shift();
    std::filesystem::rename(log(), log(".1"));
    if (create) write("");
  }
  void copytruncate() {
    shift();
    std::filesystem::copy_file(log(), log(".1"));
    std::filesystem::resize_file(log(), 0);
  }
  void compress(const std::string& suffix) const {
    REQUIRE(std::system(("gzip " + log(suffix)).c_str()) == 0);
  }

  void begin(const TailPlaces& places = {}) {
    chain_.emplace(log(), Milliseconds(0));
    REQUIRE(chain_->begin_at(places, now()));
  }
  void begin_at_end() {
    chain_.emplace(log(), Milliseconds(0));
    const auto begun = chain_->begin_at_end(now());
    REQUIRE((begun && begun.value()));
  }
  /// What the process that follows leaves behind is all that the next one knows.
  void restart() {
    const TailPlaces places = chain_->places();
    const auto read = decode_tail_places(encode(places));
    REQUIRE(read);
    CHECK(*read == places);
    begin(*read);
  }

  /// The lines that came since the last call.
  std::vector<std::string> read() {
    for (int quiet = 0; quiet < 3;) {
      REQUIRE(chain_->look(now()));
      std::string why;
      const TailProgress progress = chain_->read({buffer_.get(), kLongestLogLine}, lines, why);
      REQUIRE(progress != TailProgress::Failed);
      chain_->leave_finished({buffer_.get(), kLongestLogLine}, lines);
      quiet = progress == TailProgress::AtEnd && !chain_->is_undecided() ? quiet + 1 : 0;
      if (progress == TailProgress::Held) break;
    }
    return std::exchange(lines.taken, {});
  }
  [[nodiscard]] TailChain& chain() { return *chain_; }

  /// Unix milliseconds.
  [[nodiscard]] static std::int64_t now() {
    return std::chrono::duration_cast<Milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }

  Lines lines;

 private:
  TempDir folder_;
  std::unique_ptr<char[]> buffer_{new char[kLongestLogLine]};
  std::optional<TailChain> chain_;
};

}  // namespace carbon_spool
