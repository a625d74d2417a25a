#include <limits>

#include "bpftrace_block.h"
#include "json_line.h"

namespace carbon_spool {
namespace {

using Json = nlohmann::json;

/// None if the member is there and no whole number of 64 bits, too.
std::optional<std::int64_t> whole(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_number_integer()) return std::nullopt;
  if (found->is_number_unsigned() &&
      found->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    return std::numeric_limits<std::int64_t>::max();
  }
  return found->get<std::int64_t>();
}

/// `max` is the last value that is in the bucket.
std::optional<Bucket> bucket_of(const Json& row) {
  const auto least = whole(row, "min");
  const auto most = whole(row, "max");
  if (row.contains("min") != least.has_value() || row.contains("max") != most.has_value()) {
    return std::nullopt;
  }
  // bpftrace 0.17 writes "min": -2147483648, "max": 0 for what is above 2^31; all of it is below
  // what it says.
  constexpr std::int64_t kOverflown = std::numeric_limits<std::int32_t>::min();
  if (least && most && (*most < *least || (*least == kOverflown && *most == 0))) {
    return std::nullopt;
  }
  if (least) return Bucket{true, *least};
  if (!most || *most == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return Bucket{false, *most + 1};
}

void read_rows(const Json& rows, HistogramName name, BpftraceJson& to) {
  Histogram histogram;
  for (const Json& row : rows) {
    const auto bucket = row.is_object() ? bucket_of(row) : std::nullopt;
    const auto count = row.is_object() ? whole(row, "count") : std::nullopt;
    const bool good = bucket && count && *count >= 0 &&
                      add_to(histogram, *bucket, static_cast<std::uint64_t>(*count));
    if (!good) to.bad = true;
  }
  to.histograms.emplace_back(std::move(name), std::move(histogram));
}

void read_map(const std::string& name, const Json& map, BpftraceJson& to) {
  const std::string plain = name.starts_with('@') ? name.substr(1) : name;
  if (map.is_array()) return read_rows(map, {plain, std::nullopt}, to);
  if (!map.is_object()) {
    to.bad = true;
    return;
  }
  for (const auto& [key, rows] : map.items()) {
    if (rows.is_array()) {
      read_rows(rows, {plain, key}, to);
    } else {
      to.bad = true;
    }
  }
}

}  // namespace

BpftraceJson json_record(std::string_view line) {
  BpftraceJson record;
  const auto object = json_in(line);
  if (!object || !object->is_object()) return record;
  const auto type = object->find("type");
  if (type == object->end() || !type->is_string()) return record;
  record.is_record = true;
  const auto& name = type->get_ref<const std::string&>();
  record.begins_run = name == "attached_probes";
  if (name != "hist") return record;
  const auto data = object->find("data");
  if (data == object->end() || !data->is_object()) {
    record.bad = true;
    return record;
  }
  for (const auto& [map, value] : data->items()) read_map(map, value, record);
  return record;
}

}  // namespace carbon_spool
