#include "log_backlog.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include "carbon_spool/base/unique_fd.h"

namespace carbon_spool {
namespace {

constexpr std::uint64_t kHeadBytes = 1024;  ///< by which a copy of a file is known
constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr std::size_t kChunk = std::size_t{64} << 10;

Error failure(const std::string& path) {
  return Error{std::generic_category().message(errno)}.in(path);
}

std::uint64_t hash_of(std::string_view bytes) {
  return ::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

/// One generation of a log, decompressed if it is compressed.
class Generation {
 public:
  /// None in `Result`'s value: there is no such file.
  static Result<std::optional<Generation>> open(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return std::optional<Generation>();
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return failure(path);
    if (!S_ISREG(status.st_mode)) return Error{"is not a file"}.in(path);
    Generation generation;
    generation.path_ = path;
    generation.inode_ = status.st_ino;
    generation.file_.reset(::gzdopen(fd.get(), "rb"));
    if (!generation.file_) return Error{"out of memory"}.in(path);
    static_cast<void>(fd.release());
    auto head = generation.read_at(0, kHeadBytes);
    if (!head) return head.error();
    generation.head_ = std::move(head.value());
    return std::optional<Generation>(std::move(generation));
  }

  [[nodiscard]] std::uint64_t inode() const { return inode_; }

  /// Whether the place is in it, by what it begins with and how long it is.
  [[nodiscard]] Result<bool> has(const LogPlace& place) {
    const bool begins_so =
        head_.size() >= place.head_bytes &&
        hash_of(std::string_view(head_).substr(0, place.head_bytes)) == place.head_hash;
    if (!begins_so || place.offset == 0) return begins_so;
    const auto last = read_at(place.offset - 1, 1);
    if (!last) return last.error();
    return last.value().size() == 1;
  }

  /// Lines from `offset` on. Returns the place behind the last whole one.
  Result<LogPlace> read(std::uint64_t offset, bool end_is_line, std::uint64_t& too_long,
                        const std::function<void(std::string_view)>& take) {
    if (::gzseek(file_.get(), static_cast<z_off_t>(offset), SEEK_SET) < 0) return read_failure();
    std::string rest;          // what is not a whole line yet
    bool is_too_long = false;  // it was, and its beginning is gone
    std::uint64_t behind_line = offset;
    std::uint64_t behind_all = offset;
    std::array<char, kChunk> chunk{};
    while (true) {
      const int count = ::gzread(file_.get(), chunk.data(), kChunk);
      if (count < 0) return read_failure();
      if (count == 0) break;
      std::string_view bytes(chunk.data(), static_cast<std::size_t>(count));
      while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::size_t length = std::min(end, bytes.size());
        if (rest.size() + length > kLongestLine) is_too_long = true;
        if (is_too_long) {
          rest.clear();
        } else {
          rest.append(bytes.substr(0, length));
        }
        behind_all += length;
        bytes.remove_prefix(length);
        if (end == std::string_view::npos) break;
        finish_line(rest, is_too_long, too_long, take);
        bytes.remove_prefix(1);
        behind_line = ++behind_all;
      }
    }
    if (end_is_line && behind_all > behind_line) {
      finish_line(rest, is_too_long, too_long, take);
      behind_line = behind_all;
    }
    return place_at(behind_line);
  }

 private:
  struct Close {
    void operator()(gzFile file) const { ::gzclose_r(file); }
  };

  static void finish_line(std::string& line, bool& is_too_long, std::uint64_t& too_long,
                          const std::function<void(std::string_view)>& take) {
    if (std::exchange(is_too_long, false)) {
      ++too_long;
    } else {
      take(line.ends_with('\r') ? std::string_view(line).substr(0, line.size() - 1) : line);
    }
    line.clear();
  }

  Result<std::string> read_at(std::uint64_t offset, std::uint64_t count) {
    std::string bytes(count, '\0');
    if (::gzseek(file_.get(), static_cast<z_off_t>(offset), SEEK_SET) < 0) return read_failure();
    const int read = ::gzread(file_.get(), bytes.data(), static_cast<unsigned>(count));
    if (read < 0) return read_failure();
    bytes.resize(static_cast<std::size_t>(read));
    return bytes;
  }

  Result<LogPlace> place_at(std::uint64_t offset) {
    auto head = read_at(0, std::min(offset, kHeadBytes));
    if (!head) return head.error();
    return LogPlace{inode_, offset, hash_of(head.value()), head.value().size()};
  }

  [[nodiscard]] Error read_failure() const {
    int code = 0;
    const char* const why = ::gzerror(file_.get(), &code);
    return Error{code == Z_ERRNO ? std::generic_category().message(errno) : std::string(why)}.in(
        path_);
  }

  std::string path_;
  std::uint64_t inode_ = 0;
  std::string head_;
  std::unique_ptr<gzFile_s, Close> file_;
};

/// A rotated generation's place among the others, least is newest.
struct Rotated {
  bool is_dated = false;
  std::uint64_t order = 0;  ///< the number, or what falls as the date rises
  bool is_compressed = false;
  std::string path;

  friend auto operator<=>(const Rotated&, const Rotated&) = default;
};

/// `1`, `20240301`, `2024-03-01`, each perhaps with `.gz`, and what logrotate makes of hours.
std::optional<Rotated> rotated(std::string suffix, const std::string& path) {
  constexpr std::size_t kMostDigitsOfNumber = 5;
  Rotated found;
  found.path = path;
  if (suffix.ends_with(".gz")) {
    found.is_compressed = true;
    suffix.resize(suffix.size() - 3);
  }
  std::erase(suffix, '-');
  const auto [end, error] =
      std::from_chars(suffix.data(), suffix.data() + suffix.size(), found.order);
  if (error != std::errc() || end != suffix.data() + suffix.size()) return std::nullopt;
  found.is_dated = suffix.size() > kMostDigitsOfNumber;
  if (found.is_dated) found.order = UINT64_MAX - found.order;
  return found;
}

/// Paths of all generations but the file itself, newest first.
Result<std::vector<std::string>> rotated_of(const std::string& file) {
  namespace fs = std::filesystem;
  const fs::path path(file);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const std::string name = path.filename();
  std::vector<Rotated> found;
  std::error_code failed;
  for (fs::directory_iterator each(folder, failed), end; !failed && each != end;
       each.increment(failed)) {
    const std::string other = each->path().filename();
    if (other.size() <= name.size() + 1 || !other.starts_with(name)) continue;
    if (other[name.size()] != '.' && other[name.size()] != '-') continue;
    if (auto one = rotated(other.substr(name.size() + 1), each->path())) found.push_back(*one);
  }
  if (failed) return Error{failed.message()}.in(folder.string());
  std::ranges::sort(found);
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < found.size(); ++i) {
    // While it is being compressed, a generation is there twice.
    const bool is_there = i > 0 && found[i].is_compressed && !found[i - 1].is_compressed &&
                          found[i].is_dated == found[i - 1].is_dated &&
                          found[i].order == found[i - 1].order;
    if (!is_there) paths.push_back(found[i].path);
  }
  return paths;
}

/// Which one has the place in it, or how many there are. It is the same file, or, of a rotation
/// that copies or compresses, another that begins in the same way; never the newest then.
Result<std::size_t> generation_with(const LogPlace& place, std::vector<Generation>& generations) {
  for (const bool is_copy : {false, true}) {
    // What begins with nothing is no copy of anything.
    if (is_copy && place.head_bytes == 0) break;
    for (std::size_t i = is_copy ? 1 : 0; i < generations.size(); ++i) {
      if (!is_copy && generations[i].inode() != place.inode) continue;
      const auto has = generations[i].has(place);
      if (!has) return has.error();
      if (has.value()) return i;
    }
  }
  return generations.size();
}

}  // namespace

Result<LogPlace> end_of_log(const std::string& file) {
  auto newest = Generation::open(file);
  if (!newest) return newest.error();
  if (!newest.value()) return Error{"no such file"}.in(file);
  std::uint64_t ignored = 0;
  return newest.value()->read(0, false, ignored, [](std::string_view) {});
}

Result<LogReading> read_log(const std::string& file, const LogPlace& from,
                            const std::function<void(std::string_view)>& take) {
  const auto rotated_paths = rotated_of(file);
  if (!rotated_paths) return rotated_paths.error();
  std::vector<std::string> paths = {file};
  paths.insert(paths.end(), rotated_paths.value().begin(), rotated_paths.value().end());

  // All are opened: whatever is renamed meanwhile, they stay what they are.
  std::vector<Generation> generations;
  for (const std::string& path : paths) {
    auto opened = Generation::open(path);
    if (!opened) return opened.error();
    if (opened.value()) generations.push_back(std::move(*opened.value()));
  }
  if (generations.empty()) return Error{"no such file"}.in(file);
  const auto found = generation_with(from, generations);
  if (!found) return found.error();
  const bool is_lost = found.value() == generations.size();
  generations.erase(
      generations.begin() + static_cast<std::ptrdiff_t>(is_lost ? 1 : found.value() + 1),
      generations.end());

  LogReading reading;
  reading.lost_place = is_lost;
  for (std::size_t i = generations.size(); i-- > 0;) {
    const bool is_first = i == generations.size() - 1;
    const auto place =
        generations[i].read(is_first && !is_lost ? from.offset : 0, i > 0, reading.too_long, take);
    if (!place) return place.error();
    reading.place = place.value();
  }
  return reading;
}

}  // namespace carbon_spool
