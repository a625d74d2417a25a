#include "saved_fields.h"

#include <array>
#include <charconv>
#include <cmath>

namespace carbon_spool {
namespace {

/// No sum of numbers that lines may have is as large; what is made of one is still finite.
constexpr double kLargestSavedNumber = 1e200;

template <class T>
void add(T number, std::string& to) {
  std::array<char, 64> room{};
  const auto written = std::to_chars(room.data(), room.data() + room.size(), number);
  to.append(room.data(), written.ptr);
  to += ' ';
}

}  // namespace

SavedWriter::SavedWriter(std::string_view kind) : saved_(kind) {
  saved_ += '\n';
}

void SavedWriter::text(std::string_view text) {
  saved_ += std::to_string(text.size());
  saved_ += ':';
  saved_ += text;
  saved_ += ' ';
}

void SavedWriter::whole(std::uint64_t number) {
  add(number, saved_);
}

void SavedWriter::signed_whole(std::int64_t number) {
  add(number, saved_);
}

void SavedWriter::number(double number) {
  add(number, saved_);
}

SavedReader::SavedReader(std::string_view kind, std::string_view saved) : rest_(saved) {
  if (rest_.starts_with(kind) && rest_.substr(kind.size()).starts_with('\n')) {
    rest_.remove_prefix(kind.size() + 1);
  } else {
    damage();
  }
}

std::string_view SavedReader::text() {
  std::uint64_t length = 0;
  const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), length);
  const auto digits = static_cast<std::size_t>(end - rest_.data());
  const bool fits = failure == std::errc() && rest_.size() - digits >= 2 &&
                    length <= rest_.size() - digits - 2 && rest_[digits] == ':' &&
                    rest_[digits + 1 + length] == ' ';
  if (!fits) {
    damage();
    return {};
  }
  const std::string_view found = rest_.substr(digits + 1, length);
  rest_.remove_prefix(digits + length + 2);
  return found;
}

template <class T>
T SavedReader::read() {
  T found{};
  const auto [end, failure] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), found);
  const auto length = static_cast<std::size_t>(end - rest_.data());
  if (failure != std::errc() || !rest_.substr(length).starts_with(' ')) {
    damage();
    return {};
  }
  rest_.remove_prefix(length + 1);
  return found;
}

std::uint64_t SavedReader::whole() {
  return read<std::uint64_t>();
}

std::int64_t SavedReader::signed_whole() {
  return read<std::int64_t>();
}

double SavedReader::number() {
  const double found = read<double>();
  if (std::abs(found) <= kLargestSavedNumber) return found;
  damage();
  return 0;
}

std::uint64_t SavedReader::count() {
  const std::uint64_t found = whole();
  if (found <= rest_.size() / 2) return found;
  damage();
  return 0;
}

Result<void> SavedReader::finish() const {
  if (!whole_) return Error{"not what this parser saved"};
  if (!rest_.empty()) return Error{"more than this parser saved"};
  return success();
}

void SavedReader::damage() {
  whole_ = false;
  rest_ = {};
}

}  // namespace carbon_spool
