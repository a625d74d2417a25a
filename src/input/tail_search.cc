#include "tail_search.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace carbon_spool {
namespace {

/// How long after its last change a copy may still be unfinished, or its log not truncated yet.
constexpr std::int64_t kCopyMayBeUnderWay = 2000;
/// The same of one that has been made and has nothing in it.
constexpr std::int64_t kCopyMayBeBegun = 200;

}  // namespace

Result<TailSearch> TailSearch::open(const std::string& log) {
  auto generations = open_generations(log);
  if (!generations) return generations.error();
  return TailSearch(log, std::move(generations.value()));
}

LogListing TailSearch::listing() const {
  LogListing listing;
  for (const LogGeneration& each : generations_) listing.emplace_back(each.path(), each.id());
  return listing;
}

Result<TailFound> TailSearch::find(const TailSought& sought) {
  const LogPlace& place = sought.place;
  const bool is_truncated = begins_anew(sought);
  const auto in_same = [&](LogGeneration& each) {
    return each.id() == place.file ? each.has(place) : Result<bool>(false);
  };
  // What begins with nothing is no copy of anything.
  const auto in_copy = [&](LogGeneration& each) {
    return place.head_bytes > 0 ? each.has(place) : Result<bool>(false);
  };
  const auto behind_copy = [&](LogGeneration& each) {
    const bool may_be = is_truncated && place.head_bytes > 0 && !is_log(each);
    return may_be ? each.begins_and_ends_before(place) : Result<bool>(false);
  };
  const std::pair<TailFound::How, Fits> ways[] = {{TailFound::How::Same, in_same},
                                                  {TailFound::How::Copy, in_copy},
                                                  {TailFound::How::Ended, behind_copy}};
  for (const auto& [how, fits] : ways) {
    const auto index = first(fits);
    if (!index) return index.error();
    const bool is_same = how == TailFound::How::Same;
    if (index.value() < generations_.size()) {
      return TailFound{how, index.value(), is_truncated && !is_same};
    }
  }
  return TailFound{TailFound::How::Lost, generations_.size(), is_truncated};
}

/// If its file is there and does not have it.
bool TailSearch::begins_anew(const TailSought& sought) const {
  const FileId file = sought.place.file;
  return sought.is_truncated || std::ranges::any_of(generations_, [&](const auto& each) {
           // The number of a file that nobody has open may be another's by now.
           return each.id() == file && (file.is_certain() || sought.is_open || is_log(each));
         });
}

Result<std::size_t> TailSearch::first(const Fits& fits) {
  for (std::size_t i = 0; i < generations_.size(); ++i) {
    const Result<bool> does = fits(generations_[i]);
    // What is damaged, or compressed by half, is not what is looked for.
    if (!does && !generations_[i].is_compressed()) return does.error();
    if (does && does.value()) return i;
  }
  return generations_.size();
}

std::optional<bool> TailSearch::is_copy(std::size_t index) const {
  const LogGeneration& copy = generations_[index];
  if (is_log(copy)) return false;
  if (copy.is_compressed() || !copy.id().is_certain()) return std::nullopt;
  std::optional<bool> answer = false;
  for (std::size_t i = 0; i < index; ++i) {
    const LogGeneration& newer = generations_[i];
    // What is compressed was made when it was compressed.
    const bool tells = !newer.is_compressed() && newer.id().born_at != copy.id().born_at;
    if (!tells) {
      answer = std::nullopt;
    } else if (newer.id().born_at < copy.id().born_at) {
      return true;
    }
  }
  return answer;
}

Result<bool> TailSearch::has_copy_under_way(const TailFound& found, std::int64_t now,
                                            const std::function<bool(FileId)>& is_known) {
  if (generations_.empty() || !is_log(generations_.front())) return false;
  LogGeneration& log = generations_.front();
  for (std::size_t i = 1; i < found.index; ++i) {
    LogGeneration& each = generations_[i];
    const auto state = each.state();
    if (!state) return state.error();
    const std::int64_t age = now - state.value().modified_at;
    // What was written after `now` was taken is young as well.
    if (std::abs(age) > kCopyMayBeUnderWay || is_known(each.id())) continue;
    // One that has been begun and has nothing yet.
    if (state.value().size == 0) {
      const auto own = log.state();
      if (!own) return own.error();
      if (age <= kCopyMayBeBegun && own.value().size > 0) return true;
      continue;
    }
    auto may_be_copy = log.begins_with(each);
    if (!may_be_copy || may_be_copy.value()) return may_be_copy;
  }
  return false;
}

}  // namespace carbon_spool
