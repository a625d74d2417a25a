// MD5() is out of favour since OpenSSL 3 as every direct call is; the interface that is in favour
// looks the algorithm up, under a lock, and may be told to refuse it. This is no cryptography.
#define OPENSSL_API_COMPAT 0x10101000L

#include "metric_hash.h"

#include <openssl/md5.h>

namespace carbon_spool {
namespace {

template <class Hash>
Hash fnv1a(std::string_view bytes, Hash hash, Hash prime) {
  for (const char byte : bytes) {
    hash ^= static_cast<unsigned char>(byte);
    hash *= prime;
  }
  return hash;
}

}  // namespace

std::uint32_t md5_position(std::string_view bytes) {
  unsigned char digest[MD5_DIGEST_LENGTH];
  MD5(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest);
  return static_cast<std::uint32_t>(digest[0] << 8 | digest[1]);
}

std::uint32_t fnv1a_32(std::string_view bytes) {
  return fnv1a<std::uint32_t>(bytes, 2166136261u, 16777619u);
}

std::uint64_t fnv1a_64(std::string_view bytes) {
  return fnv1a<std::uint64_t>(bytes, 14695981039346656037u, 1099511628211u);
}

std::uint32_t fnv1a_position(std::string_view bytes) {
  const std::uint32_t hash = fnv1a_32(bytes);
  return (hash >> 16) ^ (hash & 0xffff);
}

}  // namespace carbon_spool
