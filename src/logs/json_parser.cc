#include "json_parser.h"

#include <cmath>
#include <utility>
#include <vector>

#include "counting_parser.h"
#include "json_line.h"
#include "log_number.h"
#include "name_part.h"
#include "saved_fields.h"

namespace carbon_spool {
namespace {

constexpr std::string_view kKind = "json 1";
constexpr std::size_t kMostNumbers = 10'000;  ///< of a line
/// Their names together: long keys above many numbers make many times the line.
constexpr std::size_t kMostNameBytes = std::size_t{1} << 20;

/// A key as it is, but for the bytes that end a path.
std::string without_blanks(std::string key) {
  for (char& each : key) {
    if (static_cast<unsigned char>(each) <= ' ' || each == '\x7f') each = '_';
  }
  return key;
}

struct Number {
  std::string name;
  std::string value;
};

/// The numbers of a value, in the order of their keys.
class Numbers {
 public:
  explicit Numbers(const std::string& separator) : separator_(separator) {}

  /// False: there are more, or longer names, than a line may have. Recurses as deep as `json_in`
  /// lets a value be.
  bool add(const nlohmann::json& value, const std::string& name) {
    if (name.size() > kLongestLogName) return false;
    if (value.is_object()) {
      for (const auto& [key, each] : value.items()) {
        if (!add(each, under(name, without_blanks(key)))) return false;
      }
      return true;
    }
    if (value.is_array()) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        if (!add(value[i], under(name, std::to_string(i)))) return false;
      }
      return true;
    }
    return !value.is_number() || add_number(value, name);
  }

  [[nodiscard]] std::vector<Number> take() { return std::move(found_); }

 private:
  [[nodiscard]] std::string under(const std::string& name, const std::string& key) const {
    return name.empty() ? key : name + separator_ + key;
  }

  bool add_number(const nlohmann::json& value, const std::string& name) {
    name_bytes_ += name.size();
    if (found_.size() >= kMostNumbers || name_bytes_ > kMostNameBytes) return false;
    if (value.is_number_float()) {
      const auto number = value.get<double>();
      if (!std::isfinite(number)) return false;
      found_.push_back({name, python_text(number)});
    } else {
      found_.push_back({name, value.dump()});
    }
    return true;
  }

  const std::string& separator_;
  std::vector<Number> found_;
  std::size_t name_bytes_ = 0;
};

class JsonParser final : public CountingParser {
 public:
  explicit JsonParser(std::string separator) : separator_(std::move(separator)) {}

  void flush(Milliseconds /*duration*/, std::int64_t /*now*/, LogPoints& points) override {
    for (const Number& each : last_) points.add(each.name, each.value);
    last_.clear();
  }

  [[nodiscard]] std::string save() const override {
    SavedWriter writer(kKind);
    writer.whole(last_.size());
    for (const Number& each : last_) {
      writer.text(each.name);
      writer.text(each.value);
    }
    return writer.take();
  }

  [[nodiscard]] Result<void> restore(std::string_view saved) override {
    last_.clear();
    SavedReader reader(kKind, saved);
    std::vector<Number> found;
    for (std::uint64_t left = reader.count(); left > 0; --left) {
      Number number;
      number.name = reader.text();
      number.value = reader.text();
      found.push_back(std::move(number));
    }
    Result<void> finished = reader.finish();
    if (finished) last_ = std::move(found);
    return finished;
  }

 protected:
  [[nodiscard]] Reading read(std::string_view /*file*/, std::string_view line,
                             std::int64_t /*now*/) override {
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == std::string_view::npos || line[begin] != '{') return Reading::PassedBy;
    const auto object = json_in(line);
    if (!object) return Reading::Bad;
    Numbers numbers(separator_);
    if (!numbers.add(*object, "")) return Reading::Bad;
    last_ = numbers.take();
    return Reading::Taken;
  }

 private:
  const std::string separator_;
  std::vector<Number> last_;
};

}  // namespace

std::unique_ptr<LogParser> make_json_parser(std::string key_separator) {
  return std::make_unique<JsonParser>(std::move(key_separator));
}

}  // namespace carbon_spool
