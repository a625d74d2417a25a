#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "carbon_spool/input/input.h"

#include "tail_chain.h"

namespace carbon_spool {

/// The files that a tail input follows, and what is kept of them. Threads: one.
class TailFiles {
 public:
  using Notes = std::map<std::string, std::string>;

  /// `sink`: where notes of earlier processes are.
  TailFiles(std::string input, const PointSink& sink);

  /// What is to be followed from now on. What no longer is keeps its place in the queue.
  void follow(const TailInputOptions& options);

  /// Finds files and generations that are new. `now`: Unix milliseconds.
  void scan(std::int64_t now);

  /// Some look must be repeated soon.
  [[nodiscard]] bool is_undecided() const;

  /// Reads some of each file. AtEnd: there is nothing more now.
  [[nodiscard]] TailProgress read(TailTaker& taker);

  /// What is kept beside the places of files.
  [[nodiscard]] const TailMemory& memory() const { return memory_; }
  void remember_interval(std::int64_t flushed, std::int64_t began_at, std::string parser);

  [[nodiscard]] bool has_notes();
  /// What has changed since; to be handed over with what was taken until now.
  [[nodiscard]] Notes take_notes();

  [[nodiscard]] std::vector<FollowedFile> followed() const;
  /// By file, and why.
  [[nodiscard]] const std::map<std::string, std::string>& failures() const { return failures_; }
  /// What is to be said to the operator since this was last asked.
  [[nodiscard]] std::vector<std::string> take_complaints();
  /// Bytes of all files that were read since they are followed; any change of it says something.
  [[nodiscard]] std::uint64_t passed() const;
  [[nodiscard]] std::vector<std::string> paths() const;
  /// Where files may appear.
  [[nodiscard]] std::set<std::string> folders() const;

 private:
  using Chains = std::map<std::string, std::unique_ptr<TailChain>>;

  [[nodiscard]] std::set<std::string> wanted() const;
  [[nodiscard]] bool matches(const std::string& path) const;
  [[nodiscard]] bool begin_chain(const std::string& path, std::int64_t now);
  [[nodiscard]] bool take_from_other(const std::string& path, TailChain& chain);
  void end_chains(const std::set<std::string>& paths);
  void note_failure(const std::string& path, const Result<void>& done);
  void gather_notes();

  const std::string input_;
  const PointSink& sink_;
  TailInputOptions options_;
  bool is_new_ = true;  ///< the queue does not know the input yet
  TailMemory memory_;
  bool memory_changed_ = false;
  Chains chains_;
  Notes notes_;  ///< gathered, and not yet taken
  std::map<std::string, std::string> failures_;
  std::vector<std::string> complaints_;
  std::unique_ptr<char[]> buffer_;
};

}  // namespace carbon_spool
