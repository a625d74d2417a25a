#pragma once

#include <cstddef>

namespace carbon_spool {

/// Empties a vector or string, and keeps of its memory what is not unusually much.
template <class Store>
void empty_out(Store& store) {
  constexpr std::size_t kKeptBytes = std::size_t{2} << 20;
  if (store.capacity() * sizeof(typename Store::value_type) > kKeptBytes) {
    Store().swap(store);
  } else {
    store.clear();
  }
}

}  // namespace carbon_spool
