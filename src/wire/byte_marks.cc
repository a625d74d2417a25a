#include "byte_marks.h"

#include <bit>
#include <cstring>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#include "word.h"

// A function for certain instructions must have all that is called in it inlined.
#define ALWAYS_INLINE __attribute__((always_inline)) inline

namespace carbon_spool {
namespace {

/// The blocks of some bytes, one after the other. What is missing of the last is padded, since
/// nothing outside of the bytes may be read.
class Blocks {
 public:
  ALWAYS_INLINE explicit Blocks(std::string_view bytes) : bytes_(bytes) {}

  /// The next one, or null.
  ALWAYS_INLINE const char* next() {
    at_ += ByteMarks::kBlock;
    if (at_ <= bytes_.size()) return bytes_.data() + begin();
    if (begin() >= bytes_.size()) return nullptr;
    const std::size_t rest = bytes_.size() - begin();
    std::memcpy(last_, bytes_.data() + begin(), rest);
    std::memset(last_ + rest, '0', sizeof last_ - rest);  // ends nothing
    return last_;
  }

  /// Where it begins.
  [[nodiscard]] ALWAYS_INLINE std::size_t begin() const { return at_ - ByteMarks::kBlock; }

 private:
  const std::string_view bytes_;
  std::size_t at_ = 0;
  char last_[ByteMarks::kBlock];
};

/// Notes what was found out about the block that begins there. Returns the count of ends.
ALWAYS_INLINE std::size_t note(std::size_t begin, std::uint64_t unprintable, std::uint64_t no_digit,
                               std::size_t ends, ByteMarks& marks) {
  marks.no_digit[begin / ByteMarks::kBlock] = no_digit;
  const std::size_t all = ends + static_cast<std::size_t>(std::popcount(unprintable));
  constexpr std::uint64_t kLastBit = std::uint64_t{1} << (ByteMarks::kBlock - 1);
  const auto note_end = [&](std::size_t index) {
    // Never of zero, which would cost a branch.
    const auto bit = static_cast<std::size_t>(std::countr_zero(unprintable | kLastBit));
    marks.end_at[index] = static_cast<std::uint16_t>(begin + bit);
    unprintable &= unprintable - 1;
  };
  // The processor cannot foresee how many there are. So as many as a block of lines usually has are
  // noted always; those that were none are overwritten.
#pragma GCC unroll 8
  for (std::size_t i = 0; i < ByteMarks::kEndsAtOnce; ++i) note_end(ends + i);
  for (std::size_t i = ends + ByteMarks::kEndsAtOnce; i < all; ++i) note_end(i);
  return all;
}

/// A byte in each of a word's eight.
constexpr std::uint64_t everywhere(std::uint64_t byte) {
  return byte * 0x0101010101010101;
}

/// Which of a word's bytes are outside of a range of ASCII, a bit each.
ALWAYS_INLINE std::uint64_t outside(std::uint64_t bytes, char first, char behind) {
  // The upper bit of each byte is free for carries of the lower seven.
  constexpr std::uint64_t kUpper = everywhere(0x80);
  const auto at_least = [low = bytes & ~kUpper](char least) {
    return low + everywhere(static_cast<std::uint64_t>(0x80 - least));
  };
  const std::uint64_t found = (~at_least(first) | at_least(behind) | bytes) & kUpper;
  return (found >> 7) * 0x0102040810204080 >> 56;  // each bit to its place in the upper byte
}

/// Eight bytes at a time, for any machine.
void mark_with_words(std::string_view bytes, ByteMarks& marks) {
  std::size_t ends = 0;
  Blocks blocks(bytes);
  while (const char* const block = blocks.next()) {
    std::uint64_t unprintable = 0;
    std::uint64_t no_digit = 0;
    for (unsigned bit = 0; bit < ByteMarks::kBlock; bit += 8) {
      const std::uint64_t part = little_endian_word(block + bit);
      unprintable |= outside(part, '!', '\x7f') << bit;
      no_digit |= outside(part, '0', ':') << bit;
    }
    ends = note(blocks.begin(), unprintable, no_digit, ends, marks);
  }
  marks.ends = ends;
}

#ifdef __x86_64__

// Bytes can be compared as signed ones only, but there is an unsigned maximum. What is less than
// `first` wraps around when `first` is taken away: so all that is outside of a range, and nothing
// else, is the greater of itself and the range's length.

ALWAYS_INLINE std::uint64_t outside(__m128i bytes, char first, char behind) {
  const __m128i from_first = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
  const __m128i length = _mm_set1_epi8(static_cast<char>(behind - first));
  const __m128i found = _mm_cmpeq_epi8(_mm_max_epu8(from_first, length), from_first);
  return static_cast<std::uint32_t>(_mm_movemask_epi8(found));
}

/// Sixteen bytes at a time; any x86-64.
void mark_with_sse2(std::string_view bytes, ByteMarks& marks) {
  std::size_t ends = 0;
  Blocks blocks(bytes);
  while (const char* const block = blocks.next()) {
    std::uint64_t unprintable = 0;
    std::uint64_t no_digit = 0;
    for (unsigned bit = 0; bit < ByteMarks::kBlock; bit += 16) {
      const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + bit));
      unprintable |= outside(part, '!', '\x7f') << bit;
      no_digit |= outside(part, '0', ':') << bit;
    }
    ends = note(blocks.begin(), unprintable, no_digit, ends, marks);
  }
  marks.ends = ends;
}

// What processors with AVX2 have as well makes finding and counting bits fast.
#define FOR_AVX2 __attribute__((target("avx2,bmi,popcnt")))

FOR_AVX2 ALWAYS_INLINE std::uint64_t outside(__m256i bytes, char first, char behind) {
  const __m256i from_first = _mm256_sub_epi8(bytes, _mm256_set1_epi8(first));
  const __m256i length = _mm256_set1_epi8(static_cast<char>(behind - first));
  const __m256i found = _mm256_cmpeq_epi8(_mm256_max_epu8(from_first, length), from_first);
  return static_cast<std::uint32_t>(_mm256_movemask_epi8(found));
}

/// Thirty-two.
FOR_AVX2 void mark_with_avx2(std::string_view bytes, ByteMarks& marks) {
  std::size_t ends = 0;
  Blocks blocks(bytes);
  while (const char* const block = blocks.next()) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(block + 32));
    ends = note(blocks.begin(), outside(low, '!', '\x7f') | outside(high, '!', '\x7f') << 32,
                outside(low, '0', ':') | outside(high, '0', ':') << 32, ends, marks);
  }
  marks.ends = ends;
}

bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") &&
         __builtin_cpu_supports("popcnt");
}

#endif

}  // namespace

std::vector<MarkBytes> byte_markers() {
  std::vector<MarkBytes> markers;
#ifdef __x86_64__
  if (has_avx2()) markers.push_back(mark_with_avx2);
  markers.push_back(mark_with_sse2);
#endif
  markers.push_back(mark_with_words);
  return markers;
}

MarkBytes byte_marker() {
  static const MarkBytes fastest = byte_markers().front();
  return fastest;
}

}  // namespace carbon_spool
