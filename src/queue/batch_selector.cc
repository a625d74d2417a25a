#include "carbon_spool/queue/batch_selector.h"

#include <utility>

namespace carbon_spool {
namespace {

class ChosenBatch final : public Batch {
 public:
  ChosenBatch(const Batch& of, std::string lines, std::uint64_t points) : text_(std::move(lines)) {
    range_ = of.range();
    points_ = points;
    lines_ = text_;
    accepted_at_ = of.accepted_at();
    oldest_timestamp_ = of.oldest_timestamp();
    newest_timestamp_ = of.newest_timestamp();
  }

 private:
  const std::string text_;
};

}  // namespace

BatchPtr chosen_from(const Batch& batch, std::string lines, std::uint64_t points) {
  return std::make_shared<ChosenBatch>(batch, std::move(lines), points);
}

}  // namespace carbon_spool
