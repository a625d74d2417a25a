#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace carbon_spool {

// What bpftrace prints, line by line (source: bpftrace 0.9 to 0.24, `src/output.cpp`,
// `src/output/text.cpp`, `src/output/json.cpp`, `src/types_format.cpp`). Text:
//
//     @NAME[KEYS]: LF        the keys, and the blank at the end, may be missing
//     [512, 1K)    5 |@@@@    |  LF      one row a bucket, or (..., 0), [1], [100, ...)
//     LF
//
// JSON, a line each: {"type": "hist", "data": {"@NAME": [{"min": 512, "max": 1023, "count": 5}]}},
// of a keyed map {"@NAME": {"KEYS": […], …}}.

/// One row of a histogram, by what is in it: values from `bound` on, or all that are below it.
struct Bucket {
  bool from_bound = true;  ///< false: the bucket without a lower bound
  std::int64_t bound = 0;

  friend auto operator<=>(const Bucket&, const Bucket&) = default;
};

/// `16`, `-10`; `lt_0` for what is below.
[[nodiscard]] std::string bucket_name(const Bucket& bucket);

/// Counts by bucket.
using Histogram = std::map<Bucket, std::uint64_t>;

/// More than any version of bpftrace prints of one map (`lhist` is bounded to 1000 by itself, the
/// finest `hist` has some 2000).
inline constexpr std::size_t kMostBuckets = 4096;

/// Adds to a bucket; false: there are `kMostBuckets` others.
[[nodiscard]] bool add_to(Histogram& histogram, const Bucket& bucket, std::uint64_t count);

/// Whose histogram a block is.
struct HistogramName {
  std::string map;                 ///< without `@`; may be empty
  std::optional<std::string> key;  ///< as printed: several keys are one text

  friend bool operator==(const HistogramName&, const HistogramName&) = default;
};

/// The first line of a block; none if the line is something else.
[[nodiscard]] std::optional<HistogramName> block_header(std::string_view line);

/// Whether it begins as only rows do.
[[nodiscard]] bool looks_like_row(std::string_view line);
/// None: it is cut short, or no row.
[[nodiscard]] std::optional<std::pair<Bucket, std::uint64_t>> block_row(std::string_view line);

/// `Attaching 3 probes...`, with which a run begins in versions before 0.24.
[[nodiscard]] bool begins_run(std::string_view line);

/// A line of JSON output.
struct BpftraceJson {
  bool is_record = false;   ///< an object with a "type", as bpftrace writes it
  bool begins_run = false;  ///< `attached_probes`
  bool bad = false;         ///< of type "hist", with something in it that is of no use
  std::vector<std::pair<HistogramName, Histogram>> histograms;
};

[[nodiscard]] BpftraceJson json_record(std::string_view line);

}  // namespace carbon_spool
