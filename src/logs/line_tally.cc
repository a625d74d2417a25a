#include "line_tally.h"

#include <algorithm>
#include <utility>

#include "log_number.h"
#include "saved_fields.h"

namespace carbon_spool {

LineTally::LineTally(std::string kind, std::vector<std::string> names, double per, Sort sort)
    : kind_(std::move(kind)),
      names_(std::move(names)),
      per_(per),
      sort_(std::move(sort)),
      totals_(names_.size()) {}

Reading LineTally::read(std::string_view /*file*/, std::string_view line, std::int64_t /*now*/) {
  return sort_(line, totals_);
}

void LineTally::flush(Milliseconds duration, std::int64_t /*now*/, LogPoints& points) {
  if (duration <= Milliseconds(0)) return;
  const double units = seconds_of(duration) / per_;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    points.add(names_[i], python_text(totals_[i] / units));
  }
  std::ranges::fill(totals_, 0);
}

std::string LineTally::save() const {
  SavedWriter writer(kind_);
  writer.whole(names_.size());
  for (std::size_t i = 0; i < names_.size(); ++i) {
    writer.text(names_[i]);
    writer.number(totals_[i]);
  }
  return writer.take();
}

Result<void> LineTally::restore(std::string_view saved) {
  std::ranges::fill(totals_, 0);
  std::vector<double> totals(names_.size());
  SavedReader reader(kind_, saved);
  for (std::uint64_t left = reader.count(); left > 0; --left) {
    // By name: levels of log4j may have been configured anew.
    const auto name = std::ranges::find(names_, reader.text());
    const double total = reader.number();
    if (name != names_.end()) totals[static_cast<std::size_t>(name - names_.begin())] = total;
  }
  Result<void> finished = reader.finish();
  if (finished) totals_ = std::move(totals);
  return finished;
}

}  // namespace carbon_spool
