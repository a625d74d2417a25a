#include "bpftrace_block.h"

#include <charconv>
#include <limits>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {
namespace {

constexpr std::string_view kDots = "...";

/// A text that is taken piece by piece from its front.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool take(std::string_view expected) {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(expected.size());
    return true;
  }

  void skip_blanks() {
    while (take(" ")) {
    }
  }

  template <class T>
  std::optional<T> number() {
    T found{};
    const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), found);
    if (failure != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return found;
  }

  /// A bound, with K, M, G, T, P or E behind it for a power of 1024. What is too large for 64 bits
  /// is as large as they allow.
  std::optional<std::int64_t> bound() {
    const auto number_found = number<std::int64_t>();
    if (!number_found) return std::nullopt;
    std::int64_t bound = *number_found;
    const std::size_t power = rest_.empty() ? std::string_view::npos : kSuffixes.find(rest_[0]);
    if (power == std::string_view::npos) return bound;
    rest_.remove_prefix(1);
    const std::int64_t factor = std::int64_t{1} << (10 * (power + 1));
    if (__builtin_mul_overflow(bound, factor, &bound)) {
      bound = *number_found < 0 ? std::numeric_limits<std::int64_t>::min()
                                : std::numeric_limits<std::int64_t>::max();
    }
    return bound;
  }

  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  static constexpr std::string_view kSuffixes = "KMGTPE";
  std::string_view rest_;
};

/// `(..., N)`, `[N]`, `[N, M)` or `[N, ...)`.
std::optional<Bucket> label(Cursor& cursor) {
  if (cursor.take("(..., ")) {
    const auto upper = cursor.bound();
    if (!upper || !cursor.take(")")) return std::nullopt;
    return Bucket{false, *upper};
  }
  if (!cursor.take("[")) return std::nullopt;
  const auto lower = cursor.bound();
  if (!lower) return std::nullopt;
  if (cursor.take("]")) return Bucket{true, *lower};
  if (!cursor.take(", ")) return std::nullopt;
  if (!cursor.take(kDots)) {
    const auto upper = cursor.bound();
    if (!upper || *upper <= *lower) return std::nullopt;
  }
  return cursor.take(")") ? std::optional(Bucket{true, *lower}) : std::nullopt;
}

bool is_map_name(std::string_view text) {
  return text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
         std::string_view::npos;
}

}  // namespace

std::string bucket_name(const Bucket& bucket) {
  return (bucket.from_bound ? "" : "lt_") + std::to_string(bucket.bound);
}

bool add_to(Histogram& histogram, const Bucket& bucket, std::uint64_t count) {
  if (histogram.size() >= kMostBuckets && !histogram.contains(bucket)) return false;
  std::uint64_t& total = histogram[bucket];
  if (__builtin_add_overflow(total, count, &total)) {
    total = std::numeric_limits<std::uint64_t>::max();
  }
  return true;
}

std::optional<HistogramName> block_header(std::string_view line) {
  if (line.ends_with(' ')) line.remove_suffix(1);
  if (!line.starts_with('@') || !line.ends_with(':')) return std::nullopt;
  line.remove_prefix(1);
  line.remove_suffix(1);
  // A key may have any brackets in it: it ends at the line's end.
  const std::size_t open = line.find('[');
  HistogramName name{std::string(line.substr(0, open)), std::nullopt};
  if (!is_map_name(name.map)) return std::nullopt;
  if (open != std::string_view::npos) {
    if (!line.ends_with(']')) return std::nullopt;
    name.key = line.substr(open + 1, line.size() - open - 2);
  }
  return name;
}

bool looks_like_row(std::string_view line) {
  if (line.starts_with("(..., ")) return true;
  if (line.size() < 2 || line[0] != '[') return false;
  return (line[1] >= '0' && line[1] <= '9') || line[1] == '-';
}

std::optional<std::pair<Bucket, std::uint64_t>> block_row(std::string_view line) {
  Cursor cursor(line);
  const auto bucket = label(cursor);
  if (!bucket) return std::nullopt;
  cursor.skip_blanks();
  const auto count = cursor.number<std::uint64_t>();
  if (!count || !cursor.take(" |")) return std::nullopt;
  const std::string_view bar = cursor.rest();
  const bool whole = bar.find_first_not_of("@ ") == bar.size() - 1 && bar.ends_with('|');
  if (!whole) return std::nullopt;
  return std::pair(*bucket, *count);
}

bool begins_run(std::string_view line) {
  Cursor cursor(line);
  const bool attaches = cursor.take("Attaching ") || cursor.take("Attached ");
  return attaches && cursor.number<unsigned>() && cursor.take(" probe");
}

}  // namespace carbon_spool
