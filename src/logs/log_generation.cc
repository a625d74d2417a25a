#include "carbon_spool/logs/log_generation.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace carbon_spool {
namespace {

Error failure(const std::string& path) {
  return Error{std::generic_category().message(errno)}.in(path);
}

/// What gzip's files begin with (RFC 1952, 2.3.1).
constexpr std::string_view kGzip = "\x1f\x8b";

}  // namespace

void LogGeneration::Close::operator()(gzFile_s* file) const {
  ::gzclose_r(file);
}

Result<std::optional<LogGeneration>> LogGeneration::open(const std::string& path) {
  LogGeneration made;
  made.path_ = path;
  made.fd_ = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!made.fd_ && errno == ENOENT) return std::optional<LogGeneration>();
  struct stat status {};
  if (!made.fd_ || ::fstat(made.fd_.get(), &status) != 0) return failure(path);
  if (!S_ISREG(status.st_mode)) return Error{"is not a file"}.in(path);
  const auto id = file_id_of(made.fd_.get());
  if (!id) return failure(path);
  made.id_ = *id;
  const auto begin = made.text_at(0, kGzip.size());
  if (!begin) return begin.error();
  if (begin.value() == kGzip) {
    const int own = ::dup(made.fd_.get());  // closed by zlib
    made.compressed_.reset(::gzdopen(own, "rb"));
    if (!made.compressed_) return Error{"out of memory"}.in(path);
  }
  return std::optional<LogGeneration>(std::move(made));
}

Result<LogGeneration::State> LogGeneration::state() const {
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) return failure(path_);
  constexpr std::int64_t kMilliseconds = 1000;
  constexpr std::int64_t kNanoseconds = 1'000'000;
  return State{static_cast<std::uint64_t>(status.st_size),
               status.st_mtim.tv_sec * kMilliseconds + status.st_mtim.tv_nsec / kNanoseconds,
               status.st_nlink > 0};
}

Result<std::size_t> LogGeneration::read_at(std::uint64_t offset, std::span<char> to) {
  if (!compressed_) {
    std::size_t filled = 0;
    while (filled < to.size()) {
      const ssize_t count = ::pread(fd_.get(), to.data() + filled, to.size() - filled,
                                    static_cast<off_t>(offset + filled));
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return failure(path_);
      if (count == 0) break;
      filled += static_cast<std::size_t>(count);
    }
    return filled;
  }
  gzFile_s* const file = compressed_.get();
  if (::gzseek(file, static_cast<z_off_t>(offset), SEEK_SET) >= 0) {
    const int count = ::gzread(file, to.data(), static_cast<unsigned>(to.size()));
    if (count >= 0) return static_cast<std::size_t>(count);
  }
  int code = 0;
  const std::string why = ::gzerror(file, &code);
  return code == Z_ERRNO ? failure(path_) : Error{why}.in(path_);
}

std::uint64_t LogGeneration::end_of_hole(std::uint64_t offset) const {
  if (compressed_) return offset;
  const off_t data = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
  if (data >= 0) return static_cast<std::uint64_t>(data);
  if (errno != ENXIO) return offset;
  // The hole goes on to the end.
  struct stat status {};
  if (::fstat(fd_.get(), &status) != 0) return offset;
  return std::max(offset, static_cast<std::uint64_t>(status.st_size));
}

Result<std::string> LogGeneration::text_at(std::uint64_t offset, std::uint64_t count) {
  std::string text(count, '\0');
  const auto read = read_at(offset, text);
  if (!read) return read.error();
  text.resize(read.value());
  return text;
}

Result<bool> LogGeneration::begins_as(const LogPlace& place) {
  if (place.head_bytes > kPlaceHeadBytes) return false;
  const auto head = text_at(0, place.head_bytes);
  if (!head) return head.error();
  return head.value().size() == place.head_bytes && hash_of_log(head.value()) == place.head_hash;
}

Result<bool> LogGeneration::has(const LogPlace& place) {
  auto begins = begins_as(place);
  if (!begins || !begins.value() || place.offset == 0) return begins;
  if (place.tail_bytes > std::min<std::uint64_t>(place.offset, kPlaceTailBytes)) return false;
  const std::uint64_t count = std::max<std::uint64_t>(place.tail_bytes, 1);
  const auto tail = text_at(place.offset - count, count);
  if (!tail) return tail.error();
  return tail.value().size() == count &&
         (place.tail_bytes == 0 || hash_of_log(tail.value()) == place.tail_hash);
}

Result<bool> LogGeneration::begins_and_ends_before(const LogPlace& place) {
  // Any log may begin with zeros.
  if (place.head_hash == hash_of_log(std::string(place.head_bytes, '\0'))) return false;
  auto begins = begins_as(place);
  if (!begins || !begins.value() || place.offset == 0) return begins;
  const auto last = text_at(place.offset - 1, 1);
  if (!last) return last.error();
  return last.value().empty();
}

Result<bool> LogGeneration::begins_with(LogGeneration& other) {
  const auto own = text_at(0, kPlaceHeadBytes);
  if (!own) return own.error();
  const auto others = other.text_at(0, kPlaceHeadBytes);
  if (!others) return others.error();
  if (others.value().empty() || !own.value().starts_with(others.value())) return false;
  if (other.is_compressed()) return true;
  // Many logs begin alike, with zeros for one: what the other ends with counts as well.
  const auto state = other.state();
  if (!state) return state.error();
  const std::uint64_t count = std::min<std::uint64_t>(state.value().size, kPlaceTailBytes);
  const auto end = other.text_at(state.value().size - count, count);
  if (!end) return end.error();
  const auto own_end = text_at(state.value().size - count, end.value().size());
  if (!own_end) return own_end.error();
  return own_end.value() == end.value();
}

Result<LogPlaceKeeper> LogGeneration::keeper_at(std::uint64_t offset) {
  const auto head = text_at(0, std::min<std::uint64_t>(offset, kPlaceHeadBytes));
  if (!head) return head.error();
  const std::uint64_t count = std::min<std::uint64_t>(offset, kPlaceTailBytes);
  const auto tail = text_at(offset - count, count);
  if (!tail) return tail.error();
  if (tail.value().size() < count) return Error{"is shorter than it was"}.in(path_);
  return LogPlaceKeeper(offset, head.value(), tail.value());
}

}  // namespace carbon_spool
