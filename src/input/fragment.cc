#include "fragment.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "carbon_spool/base/assert.h"

namespace carbon_spool {

void Fragment::append(std::string_view bytes) {
  if (bytes.empty()) return;
  CS_ASSERT(size_ + bytes.size() <= list_.max_bytes_);
  if (empty()) list_.oldest_first_.push_back(*this);
  reserve(size_ + bytes.size());
  std::memcpy(bytes_.get() + size_, bytes.data(), bytes.size());
  size_ += static_cast<std::uint32_t>(bytes.size());
}

void Fragment::clear() {
  if (empty()) return;
  unlink();
  list_.budget_.give_back(capacity_);
  bytes_.reset();
  size_ = 0;
  capacity_ = 0;
}

bool Fragment::survives_budget() {
  list_.enforce_budget();
  return !empty();
}

void Fragment::reserve(std::size_t bytes) {
  if (bytes <= capacity_) return;
  constexpr std::size_t kLeast = 64;  // most lines end within it
  const std::size_t capacity = std::max(kLeast, std::bit_ceil(bytes));
  auto larger = std::make_unique_for_overwrite<char[]>(capacity);
  if (size_ > 0) std::memcpy(larger.get(), bytes_.get(), size_);
  bytes_ = std::move(larger);
  list_.budget_.take(capacity - capacity_);
  capacity_ = static_cast<std::uint32_t>(capacity);
}

void FragmentList::enforce_budget() {
  while (budget_.exceeded() && !oldest_first_.empty()) {
    Fragment& oldest = oldest_first_.front();
    oldest.cut();
    CS_ASSERT(oldest.empty());
  }
}

}  // namespace carbon_spool
