// Which files are generations of a log, and in which order.

#include <algorithm>
#include <charconv>
#include <compare>
#include <filesystem>
#include <map>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "carbon_spool/logs/log_generation.h"

namespace carbon_spool {
namespace {

namespace fs = std::filesystem;

/// How often a folder is looked at again because something was renamed in it meanwhile.
constexpr int kMostLooks = 20;

/// A rotated generation's place among the others, least is newest.
struct Rotated {
  bool is_dated = false;
  std::uint64_t order = 0;  ///< the number, or what falls as the date rises
  bool is_compressed = false;
  std::string path;

  [[nodiscard]] bool is_of(const Rotated& other) const {
    return is_dated == other.is_dated && order == other.order;
  }
  friend auto operator<=>(const Rotated&, const Rotated&) = default;
};

/// `1`, `20240301`, `2024-03-01`, each perhaps with `.gz`, and what logrotate makes of hours.
std::optional<Rotated> rotated(std::string suffix) {
  constexpr std::size_t kMostDigitsOfNumber = 5;
  Rotated found;
  if (suffix.ends_with(".gz")) {
    found.is_compressed = true;
    suffix.resize(suffix.size() - 3);
  }
  std::erase(suffix, '-');
  const auto [end, error] =
      std::from_chars(suffix.data(), suffix.data() + suffix.size(), found.order);
  if (error != std::errc() || end != suffix.data() + suffix.size()) return std::nullopt;
  found.is_dated = suffix.size() > kMostDigitsOfNumber;
  if (found.is_dated) found.order = UINT64_MAX - found.order;
  return found;
}

/// Paths of all generations but the file itself, newest first.
Result<std::vector<std::string>> rotated_of(const fs::path& file) {
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const std::string name = file.filename();
  std::vector<Rotated> found;
  std::error_code failed;
  for (fs::directory_iterator each(folder, failed), end; !failed && each != end;
       each.increment(failed)) {
    const std::string other = each->path().filename();
    if (other.size() <= name.size() + 1 || !other.starts_with(name)) continue;
    if (other[name.size()] != '.' && other[name.size()] != '-') continue;
    auto one = rotated(other.substr(name.size() + 1));
    if (!one) continue;
    one->path = each->path();
    found.push_back(std::move(*one));
  }
  if (failed) return Error{failed.message()}.in(folder.string());
  std::ranges::sort(found);
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < found.size(); ++i) {
    // While it is being compressed, a generation is there twice.
    const bool is_there = i > 0 && found[i].is_compressed && !found[i - 1].is_compressed &&
                          found[i].is_of(found[i - 1]);
    if (!is_there) paths.push_back(found[i].path);
  }
  return paths;
}

}  // namespace

Result<LogListing> list_generations(const std::string& file) {
  const auto paths = rotated_of(file);
  if (!paths) return paths.error();
  LogListing listing;
  if (const auto id = file_id_at(file)) listing.emplace_back(file, *id);
  struct stat status {};
  for (const std::string& path : paths.value()) {
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) continue;
    if (::access(path.c_str(), R_OK) != 0) continue;
    if (const auto id = file_id_at(path)) listing.emplace_back(path, *id);
  }
  return listing;
}

Result<std::vector<LogGeneration>> open_generations(const std::string& file) {
  auto before = list_generations(file);
  for (int look = 1; before; ++look) {
    std::vector<LogGeneration> generations;
    for (const auto& [path, id] : before.value()) {
      auto opened = LogGeneration::open(path);
      if (!opened) return opened.error();
      if (opened.value()) generations.push_back(std::move(*opened.value()));
    }
    auto after = list_generations(file);
    if (!after) return after.error();
    if (after.value() == before.value()) return generations;
    if (look == kMostLooks) return Error{"its generations change all the time"}.in(file);
    before = std::move(after);
  }
  return before.error();
}

std::optional<std::string> log_of_rotated(std::string_view path) {
  const std::size_t name = path.rfind('/') + 1;  // npos + 1 is 0
  for (std::size_t at = path.find_first_of(".-", name + 1); at != std::string_view::npos;
       at = path.find_first_of(".-", at + 1)) {
    if (rotated(std::string(path.substr(at + 1)))) return std::string(path.substr(0, at));
  }
  return std::nullopt;
}

}  // namespace carbon_spool
