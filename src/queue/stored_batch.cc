#include "stored_batch.h"

#include <utility>

namespace carbon_spool {

Result<BatchPtr> read_stored_batch(const Store& store, Sequence sequence) {
  BatchPtr batch;
  const auto found = store.read_batch(sequence, [&](std::string_view stored) {
    if (auto decoded = decode_batch(sequence, stored)) batch = std::move(decoded.value());
  });
  if (!found) return found.error();
  return batch;
}

}  // namespace carbon_spool
