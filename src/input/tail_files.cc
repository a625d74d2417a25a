#include "tail_files.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <utility>

#include <fnmatch.h>
#include <glob.h>

namespace carbon_spool {
namespace {

bool has_wildcard(const std::string& path) {
  return path.find_first_of("*?[") != std::string::npos;
}

/// As glob(7): a `*` stands for no slash, and for no dot at the beginning of a name.
bool fits(const std::string& pattern, const std::string& path) {
  return ::fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME | FNM_PERIOD) == 0;
}

std::vector<std::string> files_of(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  }
  ::globfree(&found);
  return paths;
}

}  // namespace

TailFiles::TailFiles(std::string input, const PointSink& sink)
    : input_(std::move(input)), sink_(sink), buffer_(new char[kLongestLogLine]) {
  const auto kept = sink_.kept(tail_memory_key(input_));
  if (!kept) return;
  is_new_ = false;
  if (auto memory = decode_tail_memory(*kept)) memory_ = std::move(*memory);
}

void TailFiles::follow(const TailInputOptions& options) {
  options_ = options;
  std::erase_if(chains_, [&](const auto& each) {
    if (matches(each.first)) return false;
    if (each.second->take_changed()) {
      notes_[tail_places_key(input_, each.first)] = encode(each.second->places());
    }
    return true;
  });
  std::erase_if(failures_, [&](const auto& each) { return !chains_.contains(each.first); });
}

bool TailFiles::matches(const std::string& path) const {
  return std::ranges::any_of(options_.paths, [&](const std::string& pattern) {
    return pattern == path || fits(pattern, path);
  });
}

/// What is there now, what was named without wildcards, and what was followed before. Rotated
/// generations of what is followed itself are no files of their own, nor is anything compressed.
std::set<std::string> TailFiles::wanted() const {
  std::set<std::string> paths;
  for (const std::string& pattern : options_.paths) {
    if (!has_wildcard(pattern)) {
      paths.insert(pattern);
      continue;
    }
    for (const std::string& path : files_of(pattern)) {
      const auto log = log_of_rotated(path);
      const bool is_text = path.find_first_of("\r\n") == std::string::npos;
      if (is_text && !path.ends_with(".gz") && !(log && matches(*log))) paths.insert(path);
    }
  }
  for (const std::string& path : memory_.files) {
    if (matches(path)) paths.insert(path);
  }
  return paths;
}

void TailFiles::scan(std::int64_t now) {
  const std::set<std::string> paths = wanted();
  bool all_begun = true;
  for (const std::string& path : paths) {
    const auto found = chains_.find(path);
    if (found == chains_.end()) {
      all_begun = begin_chain(path, now) && all_begun;
    } else {
      note_failure(path, found->second->look(now));
    }
  }
  end_chains(paths);
  std::vector<std::string> files;
  for (const auto& [path, chain] : chains_) files.push_back(path);
  if (is_new_ || files != memory_.files) memory_changed_ = true;
  is_new_ = false;
  memory_.files = std::move(files);
  // What could not be begun is known by the time since which it has been written.
  if (all_begun) memory_.seen_at = now;
}

bool TailFiles::is_undecided() const {
  return std::ranges::any_of(chains_, [](const auto& each) { return each.second->is_undecided(); });
}

/// False: it failed, and is to be tried again.
bool TailFiles::begin_chain(const std::string& path, std::int64_t now) {
  auto chain = std::make_unique<TailChain>(path, options_.patience);
  Result<void> done = success();
  const auto kept = sink_.kept(tail_places_key(input_, path));
  const auto places = kept ? decode_tail_places(*kept) : std::nullopt;
  if (places) {
    done = chain->begin_at(*places, now);
  } else if (is_new_ && !options_.from_beginning) {
    const auto begun = chain->begin_at_end(now);
    if (!begun) done = begun.error();
  } else if (!take_from_other(path, *chain)) {
    TailPlaces nothing_read;
    // Of a file that was there before anybody looked only itself counts.
    constexpr auto kNever = std::numeric_limits<std::int64_t>::max();
    nothing_read.seen_at = is_new_ ? kNever : memory_.seen_at;
    done = chain->begin_at(nothing_read, now);
  }
  note_failure(path, done);
  if (!done) return false;
  for (const std::string& each : chain->take_complaints()) {
    complaints_.push_back(std::string(path).append(": ").append(each));
  }
  // One that is named by itself, and not there, is waited for without being remembered.
  if (!chain->empty() || places || chain->is_undecided()) chains_[path] = std::move(chain);
  return true;
}

/// What was renamed from one name that is followed to another goes on under the new one.
bool TailFiles::take_from_other(const std::string& path, TailChain& chain) {
  const auto file = file_id_at(path);
  if (!file) return false;
  for (const auto& [other, its_chain] : chains_) {
    if (auto part = its_chain->give_up(*file)) {
      chain.adopt(std::move(*part));
      return true;
    }
  }
  return false;
}

void TailFiles::end_chains(const std::set<std::string>& paths) {
  std::erase_if(chains_, [&](const auto& each) {
    const auto& [path, chain] = each;
    if (paths.contains(path) && !chain->is_over()) return false;
    notes_[tail_places_key(input_, path)] = "";
    failures_.erase(path);
    return true;
  });
}

void TailFiles::note_failure(const std::string& path, const Result<void>& done) {
  if (done) {
    failures_.erase(path);
  } else {
    failures_[path] = done.error().message;
  }
}

TailProgress TailFiles::read(TailTaker& taker) {
  const std::span<char> buffer(buffer_.get(), kLongestLogLine);
  TailProgress all = TailProgress::AtEnd;
  for (const auto& [path, chain] : chains_) {
    std::string why;
    const TailProgress progress = chain->read(buffer, taker, why);
    if (progress == TailProgress::Held) return progress;
    if (progress == TailProgress::More) all = progress;
    if (progress == TailProgress::Changed && all == TailProgress::AtEnd) all = progress;
    if (progress == TailProgress::Failed) failures_[path] = why;
    chain->leave_finished(buffer, taker);
    for (const std::string& each : chain->take_complaints()) {
      complaints_.push_back(std::string(path).append(": ").append(each));
    }
  }
  return all;
}

void TailFiles::remember_interval(std::int64_t flushed, std::int64_t began_at, std::string parser) {
  memory_.flushed = flushed;
  memory_.began_at = began_at;
  memory_.parser = std::move(parser);
  memory_changed_ = true;
}

void TailFiles::gather_notes() {
  for (const auto& [path, chain] : chains_) {
    if (!chain->take_changed()) continue;
    notes_[tail_places_key(input_, path)] = encode(chain->places());
  }
  if (std::exchange(memory_changed_, false)) notes_[tail_memory_key(input_)] = encode(memory_);
}

bool TailFiles::has_notes() {
  gather_notes();
  return !notes_.empty();
}

TailFiles::Notes TailFiles::take_notes() {
  gather_notes();
  return std::exchange(notes_, {});
}

std::vector<FollowedFile> TailFiles::followed() const {
  std::vector<FollowedFile> files;
  for (const auto& [path, chain] : chains_) {
    if (chain->empty()) continue;
    const TailPart& newest = chain->newest();
    const auto state = newest.generation().state();
    files.push_back({path, newest.id().inode, newest.offset(), state ? state.value().size : 0});
  }
  return files;
}

std::vector<std::string> TailFiles::take_complaints() {
  return std::exchange(complaints_, {});
}

std::uint64_t TailFiles::passed() const {
  std::uint64_t passed = 0;
  for (const auto& [path, chain] : chains_) passed += chain->passed();
  return passed;
}

std::vector<std::string> TailFiles::paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, chain] : chains_) paths.push_back(path);
  return paths;
}

std::set<std::string> TailFiles::folders() const {
  std::set<std::string> folders;
  const auto folder_of = [](const std::string& path) {
    return std::filesystem::path(path).parent_path().string();
  };
  for (const std::string& pattern : options_.paths) {
    if (!has_wildcard(folder_of(pattern))) folders.insert(folder_of(pattern));
  }
  for (const auto& [path, chain] : chains_) folders.insert(folder_of(path));
  return folders;
}

}  // namespace carbon_spool
