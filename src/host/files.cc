#include <algorithm>

#include <re2/re2.h>
#include <unistd.h>

#include "collector.h"
#include "fields.h"

namespace carbon_spool {
namespace {

/// More says nothing that a double could hold.
constexpr std::size_t kMostDecimals = 15;

class Files final : public Collector {
 public:
  explicit Files(const FilesOptions& options) : options_(options) {}

  /// A folder that does not exist has no files.
  Result<void> collect(Sample& sample) override {
    Result<void> all = success();
    for (const std::string& name : sample.root.names_in(options_.dir)) {
      const std::string path = options_.dir + "/" + name;
      const auto text = sample.root.read(path);
      if (!text) {
        if (!text.error().message.ends_with("not a file")) all = text.error();
        continue;
      }
      bool found = false;
      for_each_line(text.value(),
                    [&](std::string_view line) { found = add_line(line, sample) || found; });
      if (!found || !options_.remove) continue;
      if (::unlink(sample.root.path_of(path).c_str()) != 0) {
        all = Error{path + ": cannot be removed"};
      }
    }
    return all;
  }

 private:
  bool add_line(std::string_view line, Sample& sample) const {
    re2::StringPiece name;
    re2::StringPiece whole;
    re2::StringPiece fraction;
    const re2::StringPiece text(line.data(), line.size());
    if (!RE2::PartialMatch(text, line_, &name, &whole, &fraction)) return false;
    const auto number = number_of<double>(std::string_view(
        whole.data(), static_cast<std::size_t>(fraction.data() - whole.data()) + fraction.size()));
    if (!number) return false;
    const std::size_t decimals = fraction.empty() ? 0 : fraction.size() - 1;
    sample.add({name.data(), name.size()}, *number,
               static_cast<int>(std::min(decimals, kMostDecimals)));
    return true;
  }

  const FilesOptions options_;
  /// A name, and a number with or without a fraction; what stands behind it is passed over.
  const RE2 line_{R"(^([A-Za-z0-9._-]+)[\s=:]+(-?[0-9]+)(\.?[0-9]*))"};
};

}  // namespace

CollectorPtr make_files(const FilesOptions& options) {
  return std::make_unique<Files>(options);
}

}  // namespace carbon_spool
