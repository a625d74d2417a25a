#pragma once

#include <bit>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace carbon_spool {

/// The first byte from `at` on that is not printable ASCII (0x21 to 0x7e; a blank is none), or
/// `end`.
inline const char* skip_printable_bytewise(const char* at, const char* end) {
  while (at != end && *at > ' ' && *at < '\x7f') ++at;
  return at;
}

#ifdef __SSE2__

/// The same, sixteen bytes at a time.
inline const char* skip_printable(const char* at, const char* end) {
  const __m128i below = _mm_set1_epi8(0x21);
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - at >= 16; at += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    // The comparison is signed: bytes from 0x80 on are below, too.
    const __m128i others = _mm_or_si128(_mm_cmplt_epi8(bytes, below), _mm_cmpeq_epi8(bytes, del));
    const auto mask = static_cast<unsigned>(_mm_movemask_epi8(others));
    if (mask != 0) return at + std::countr_zero(mask);
  }
  return skip_printable_bytewise(at, end);
}

/// Whether all bytes are printable ASCII.
inline bool is_printable(const char* at, const char* end) {
  if (end - at < 16) return skip_printable_bytewise(at, end) == end;
  // The last sixteen overlap those before, so that none are left to be looked at one by one.
  return skip_printable(at, at + ((end - at) & ~15)) == at + ((end - at) & ~15) &&
         skip_printable(end - 16, end) == end;
}

#else

inline bool is_printable(const char* at, const char* end) {
  return skip_printable_bytewise(at, end) == end;
}

inline const char* skip_printable(const char* at, const char* end) {
  return skip_printable_bytewise(at, end);
}

#endif

}  // namespace carbon_spool
