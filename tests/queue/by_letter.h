#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "carbon_spool/queue/batch_selector.h"
#include "carbon_spool/queue/queue.h"

namespace carbon_spool {

/// Gives a reader the lines that begin with one of `letters`, and has those that begin with `x`
/// dropped by a route.
class ByLetter : public BatchSelector {
 public:
  explicit ByLetter(std::string letters) : letters_(std::move(letters)) {}

  [[nodiscard]] Selected select(const BatchPtr& batch, Share) override {
    std::string lines;
    std::uint64_t points = 0;
    Selected selected;
    for_each_line(*batch, [&](std::string_view line, LineFate fate) {
      if (fate == LineFate::Dropped) ++selected.dropped;
      if (fate != LineFate::Wanted) return;
      lines += line;
      ++points;
    });
    if (points > 0) selected.batch = chosen_from(*batch, std::move(lines), points);
    return selected;
  }

  [[nodiscard]] std::vector<LineFate> fates(const BatchPtr& batch) override {
    std::vector<LineFate> fates;
    for_each_line(*batch, [&](std::string_view, LineFate fate) { fates.push_back(fate); });
    return fates;
  }

 private:
  template <class Use>
  void for_each_line(const Batch& batch, Use use) const {
    for (std::string_view rest = batch.lines(); !rest.empty();) {
      const std::string_view line = rest.substr(0, rest.find('\n') + 1);
      rest.remove_prefix(line.size());
      if (letters_.find(line.front()) != std::string::npos) {
        use(line, LineFate::Wanted);
      } else {
        use(line, line.front() == 'x' ? LineFate::Dropped : LineFate::Elsewhere);
      }
    }
  }

  const std::string letters_;
};

inline ReaderOptions gets(const std::string& letters) {
  ReaderOptions options;
  options.selector = std::make_shared<ByLetter>(letters);
  return options;
}

}  // namespace carbon_spool
