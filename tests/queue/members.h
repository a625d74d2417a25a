#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "by_letter.h"
#include "eventually.h"
#include "queue_impl.h"
#include "queue_steps.h"

namespace carbon_spool {

/// A queue with readers `a` to `j`, each of which gets the lines of its letter. Its seconds are
/// short, and its segments a mebibyte: about 170 batches of a line a letter.
class Members {
 public:
  static constexpr const char* kLetters = "abcdefghij";

  explicit Members(rocksdb::Env& disk = Store::machine(), const std::string& path = "")
      : disk_(disk) {
    options_.path = path.empty() ? folder_ / "queue" : path;
    options_.max_size = kMinQueueSize;
    options_.min_free_disk = 0;
    options_.memory_for_newest = 0;
    options_.sync.kind = SyncPolicy::Kind::Never;
    open();
  }

  void open(const std::string& letters = kLetters) {
    queue_ = std::make_unique<QueueImpl>(options_, system_clock(),
                                         Ground{disk_, std::chrono::milliseconds(5)});
    REQUIRE(queue_->open());
    producer_ = queue_->add_producer("test");
    for (const char letter : letters) add(std::string(1, letter), gets(std::string(1, letter)));
  }
  void add(const std::string& name, const ReaderOptions& options) {
    readers_[name] = &queue_->add_reader(name, options);
  }
  void close() {
    queue_.reset();
    readers_.clear();
  }
  void release(const std::string& name) {
    queue_->release_reader(name);
    readers_.erase(name);
  }

  /// Batches of a line for each of `letters`; the lines of each letter are numbered.
  void append(int batches, const std::string& letters = kLetters) {
    for (int i = 0; i < batches; ++i) {
      std::string lines;
      for (const char letter : letters) {
        lines += line_of(letter + std::to_string(numbers_[letter]++), kLineBytes);
      }
      REQUIRE(carbon_spool::append(*queue_, producer_, lines,
                                   static_cast<std::uint32_t>(letters.size())));
    }
  }

  /// Who is not among `down` gets what is there.
  void deliver(const std::string& down) {
    for (const auto& [name, reader] : readers_) {
      if (down.find(name) == std::string::npos) static_cast<void>(take_all(*reader, true));
    }
  }

  /// What the others are done with becomes little on the way.
  void append_and_deliver(int batches, const std::string& down,
                          const std::string& letters = kLetters) {
    for (int done = 0; done < batches; done += 50) {
      append(std::min(50, batches - done), letters);
      deliver(down);
    }
  }

  /// Of what waits for the reader.
  [[nodiscard]] std::uint64_t shrunk_batches(const std::string& name) const {
    auto walk = queue_->walk({name, true});
    REQUIRE(walk);
    std::uint64_t shrunk = 0;
    while (const auto step = walk.value()->next()) {
      if (step->batch && step->batch->points() < step->batch->range().points()) ++shrunk;
    }
    return shrunk;
  }
  void wait_until_shrunk(const std::string& name, std::uint64_t batches = 500) const {
    REQUIRE(eventually([&] { return shrunk_batches(name) >= batches; }));
  }

  /// Takes all, checks that it is what is owed from number `first` on, each line once and in order,
  /// and acknowledges it.
  void check_gets_all(const std::string& name, std::uint64_t first = 0) {
    std::uint64_t next = first;
    for (const std::string& lines : take_all(reader(name), true)) {
      for (std::string_view rest = lines; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1)) {
        REQUIRE(rest.front() == name.front());
        REQUIRE(rest.substr(0, rest.find('\n') + 1).size() == kLineBytes);
        REQUIRE(std::strtoull(rest.data() + 1, nullptr, 10) == next++);
      }
    }
    CHECK(next == numbers_.at(name.front()));
    const ReaderStats stats = stats_of(*queue_, name);
    CHECK(stats.pending_points == 0);
    CHECK(stats.dropped_points.count("damaged") + stats.dropped_points.count("cap") == 0);
  }

  [[nodiscard]] Reader& reader(const std::string& name) { return *readers_.at(name); }
  [[nodiscard]] QueueImpl& queue() { return *queue_; }
  [[nodiscard]] const std::string& path() const { return options_.path; }
  [[nodiscard]] QueueOptions& options() { return options_; }
  [[nodiscard]] std::uint64_t numbers(char letter) const { return numbers_.at(letter); }

  static constexpr std::size_t kLineBytes = 600;

 private:
  const TempDir folder_;
  rocksdb::Env& disk_;
  QueueOptions options_;
  std::unique_ptr<QueueImpl> queue_;
  ProducerId producer_;
  std::map<std::string, Reader*> readers_;
  std::map<char, std::uint64_t> numbers_;
};

}  // namespace carbon_spool
