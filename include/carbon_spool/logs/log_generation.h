#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "carbon_spool/base/result.h"
#include "carbon_spool/base/unique_fd.h"
#include "carbon_spool/logs/file_id.h"
#include "carbon_spool/logs/log_place.h"

struct gzFile_s;

namespace carbon_spool {

/// One generation of a log that is rotated, open: whatever becomes of its name, it stays what it
/// is. What is compressed with gzip reads as it was before. Threads: one at a time.
class LogGeneration {
 public:
  /// None in the `Result`'s value: there is no such file. Fails if it cannot be read, or is no
  /// file.
  [[nodiscard]] static Result<std::optional<LogGeneration>> open(const std::string& path);

  /// Where it was found.
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] FileId id() const { return id_; }
  [[nodiscard]] bool is_compressed() const { return compressed_ != nullptr; }

  struct State {
    std::uint64_t size = 0;        ///< as it is on the disk
    std::int64_t modified_at = 0;  ///< Unix milliseconds
    bool has_name = true;          ///< false: it was deleted
  };
  [[nodiscard]] Result<State> state() const;

  /// Fills `to` from `offset` on. Less than it holds: that is all there is now. Of what is
  /// compressed, reading backwards decompresses all before it anew.
  [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<char> to);

  /// The first place from `offset` on that is not in a hole (bytes that were never written).
  [[nodiscard]] std::uint64_t end_of_hole(std::uint64_t offset) const;

  /// Whether the place is in it, by what it begins with and by what is before the place.
  [[nodiscard]] Result<bool> has(const LogPlace& place);
  /// Whether it begins as the log of that place, and is shorter than `place.offset`: a copy that
  /// was made before the log was read so far.
  [[nodiscard]] Result<bool> begins_and_ends_before(const LogPlace& place);
  /// Whether it begins with all that there is of `other`, as far as its ends tell: the
  /// other may be a copy of it, whole or not yet. Not if there is nothing of the other.
  [[nodiscard]] Result<bool> begins_with(LogGeneration& other);

  /// Somebody at `offset`.
  [[nodiscard]] Result<LogPlaceKeeper> keeper_at(std::uint64_t offset);

 private:
  struct Close {
    void operator()(gzFile_s* file) const;
  };

  [[nodiscard]] Result<std::string> text_at(std::uint64_t offset, std::uint64_t count);
  [[nodiscard]] Result<bool> begins_as(const LogPlace& place);

  std::string path_;
  FileId id_;
  UniqueFd fd_;
  std::unique_ptr<gzFile_s, Close> compressed_;
};

/// The generations that there are of `file`, newest first: the file itself if it is there, then
/// FILE.0, FILE.1, … and FILE-20240301, FILE.2024-03-01, …; any may be compressed (FILE.1.gz). As
/// they were at one moment, whatever is renamed meanwhile; rotated ones that this process has no
/// right to read are left out. Fails if one of the others, or the folder, cannot be read.
[[nodiscard]] Result<std::vector<LogGeneration>> open_generations(const std::string& file);

/// Paths of generations and which files they are, newest first. While it is the same, nothing has
/// been rotated.
using LogListing = std::vector<std::pair<std::string, FileId>>;

/// Of those that `open_generations` would open. Fails if the folder cannot be read.
[[nodiscard]] Result<LogListing> list_generations(const std::string& file);

/// The log that a file of that path is a rotated generation of, by its name; none if it is none.
[[nodiscard]] std::optional<std::string> log_of_rotated(std::string_view path);

}  // namespace carbon_spool
