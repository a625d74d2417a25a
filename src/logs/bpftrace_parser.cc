#include "bpftrace_parser.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "bpftrace_block.h"
#include "counting_parser.h"
#include "histogram_series.h"
#include "name_part.h"
#include "recent_names.h"
#include "sample.h"
#include "saved_fields.h"

namespace carbon_spool {
namespace {

constexpr std::string_view kKind = "bpftrace 1";
/// What of a block has been printed counts after this time, whether the rest comes or not:
/// bpftrace writes a block at once.
constexpr std::int64_t kBlockPatience = 10'000;  // milliseconds
constexpr std::size_t kMostFiles = 1'000;
constexpr std::size_t kMostSeries = 2'000;
constexpr std::size_t kMostRows = 200'000;  ///< of all blocks that are remembered or open

/// A block whose end has not been seen.
struct OpenBlock {
  HistogramName name;
  Histogram rows;
  std::int64_t last_line = 0;  ///< when it came: Unix milliseconds
};

/// What a file's next line depends on.
struct FileState {
  std::optional<OpenBlock> open;
  std::uint64_t blank_lines = 0;  ///< up to here, without the one that ends a block
  bool may_be_ending = false;     ///< the last lines may be of what is printed at the end
  std::uint64_t endings = 0;      ///< how often that has been so
};

struct Series {
  HistogramSeries histograms;
  std::uint64_t ending = 0;  ///< of its file, in which it was last printed
};

class BpftraceParser final : public CountingParser {
 public:
  explicit BpftraceParser(BpftraceOptions options) : options_(std::move(options)) {
    for (std::string& map : options_.maps) {
      if (map.starts_with('@')) map.erase(0, 1);
    }
  }

  void flush(Milliseconds duration, std::int64_t now, LogPoints& points) override;
  [[nodiscard]] std::string save() const override;
  [[nodiscard]] Result<void> restore(std::string_view saved) override;

 protected:
  [[nodiscard]] Reading read(std::string_view file, std::string_view line,
                             std::int64_t now) override;

 private:
  [[nodiscard]] Reading read_row(std::string_view line, std::int64_t now, FileState& state);
  [[nodiscard]] Reading read_json(std::string_view file, std::string_view line, FileState& state);
  [[nodiscard]] Reading read_blank(std::string_view file, FileState& state);

  // What these return is false if there was no room for some of the counts.
  [[nodiscard]] bool close_block(std::string_view file, FileState& state);
  [[nodiscard]] bool count_block(std::string_view file, FileState& state, const HistogramName& name,
                                 const Histogram& rows);
  [[nodiscard]] bool count_part(std::string_view file, OpenBlock& block);
  [[nodiscard]] bool count(const HistogramName& name, const Histogram& fresh);

  [[nodiscard]] Series* series_of(std::string_view file, const HistogramName& name);
  void begin_run(std::string_view file, FileState& state);
  [[nodiscard]] bool is_wanted(const HistogramName& name) const;
  [[nodiscard]] bool has_room_for_row();
  void measure_rows();
  [[nodiscard]] std::string identity() const;
  void clear();

  BpftraceOptions options_;
  RecentNames<FileState> files_{kMostFiles};
  RecentNames<Series> series_{kMostSeries};
  RecentNames<std::uint64_t> counts_{kMostLogNames};  ///< of the interval, without `metric`
  std::size_t rows_ = 0;                              ///< of open blocks and of series
};

Reading BpftraceParser::read(std::string_view file, std::string_view line, std::int64_t now) {
  FileState* const state = files_.mention(file);
  if (state == nullptr) return Reading::Bad;
  // A file that was truncated under a writer that goes on at its old place begins with zeros.
  line.remove_prefix(std::min(line.find_first_not_of('\0'), line.size()));
  if (line.empty()) return read_blank(file, *state);
  state->blank_lines = 0;
  if (looks_like_row(line) && (state->open || block_row(line))) return read_row(line, now, *state);

  const bool had_room = close_block(file, *state);
  if (line.front() == '{') return read_json(file, line, *state);
  auto name = block_header(line);
  if (name && name->map.size() + name->key.value_or("").size() <= kLongestLogName) {
    const bool wanted = is_wanted(*name);
    state->open = OpenBlock{std::move(*name), {}, now};
    if (!had_room) return Reading::Bad;
    return wanted ? Reading::Taken : Reading::PassedBy;
  }
  if (begins_run(line)) begin_run(file, *state);
  // Maps of other kinds are printed at the end as well, anything else is not.
  if (line.front() != '@') state->may_be_ending = false;
  return had_room && !name ? Reading::PassedBy : Reading::Bad;
}

Reading BpftraceParser::read_row(std::string_view line, std::int64_t now, FileState& state) {
  const auto row = block_row(line);
  if (!row || !state.open) return Reading::Bad;
  OpenBlock& open = *state.open;
  open.last_line = now;
  if (!is_wanted(open.name)) return Reading::PassedBy;
  const std::size_t before = open.rows.size();
  if (!has_room_for_row() || !add_to(open.rows, row->first, row->second)) return Reading::Bad;
  rows_ += open.rows.size() - before;
  return Reading::Taken;
}

Reading BpftraceParser::read_json(std::string_view file, std::string_view line, FileState& state) {
  const BpftraceJson record = json_record(line);
  if (!record.is_record) {
    return line.starts_with(R"({"type":)") ? Reading::Bad : Reading::PassedBy;
  }
  if (record.begins_run) begin_run(file, state);
  bool good = !record.bad;
  bool wanted = false;
  for (const auto& [name, rows] : record.histograms) {
    if (!is_wanted(name)) continue;
    wanted = true;
    const bool fits = name.map.size() + name.key.value_or("").size() <= kLongestLogName;
    if (!fits || !count_block(file, state, name, rows)) good = false;
  }
  if (!good) return Reading::Bad;
  return wanted ? Reading::Taken : Reading::PassedBy;
}

Reading BpftraceParser::read_blank(std::string_view file, FileState& state) {
  if (state.open) {
    const bool wanted = is_wanted(state.open->name);
    if (!close_block(file, state)) return Reading::Bad;
    return wanted ? Reading::Taken : Reading::PassedBy;
  }
  ++state.blank_lines;
  if (state.blank_lines == 2 && !state.may_be_ending) {
    state.may_be_ending = true;
    ++state.endings;
  }
  return Reading::PassedBy;
}

bool BpftraceParser::close_block(std::string_view file, FileState& state) {
  if (!state.open) return true;
  const OpenBlock block = std::move(*state.open);
  state.open.reset();
  rows_ -= block.rows.size();
  return block.rows.empty() || count_block(file, state, block.name, block.rows);
}

bool BpftraceParser::count_block(std::string_view file, FileState& state, const HistogramName& name,
                                 const Histogram& rows) {
  Series* const series = series_of(file, name);
  if (series == nullptr) return false;
  // At the end everything is printed once.
  if (series->ending == state.endings) state.may_be_ending = false;
  series->ending = state.endings;
  rows_ -= series->histograms.size();
  const Histogram fresh = series->histograms.take(options_.mode, rows, state.may_be_ending);
  rows_ += series->histograms.size();
  return count(name, fresh);
}

bool BpftraceParser::count_part(std::string_view file, OpenBlock& block) {
  Series* const series = series_of(file, block.name);
  if (series == nullptr) return false;
  rows_ -= series->histograms.size();
  const Histogram fresh = series->histograms.take_part(options_.mode, block.rows);
  rows_ += series->histograms.size();
  if (options_.mode == BpftraceOptions::Mode::Interval) {
    rows_ -= block.rows.size();
    block.rows.clear();
  }
  return count(block.name, fresh);
}

bool BpftraceParser::count(const HistogramName& name, const Histogram& fresh) {
  std::string path;
  if (options_.maps.size() > 1) path += name_part(name.map) + ".";
  if (name.key) path += name_part(*name.key) + ".";
  bool had_room = true;
  for (const auto& [bucket, count] : fresh) {
    std::uint64_t* const total = counts_.mention(path + bucket_name(bucket));
    if (total == nullptr) {
      had_room = false;
    } else if (__builtin_add_overflow(*total, count, total)) {
      *total = UINT64_MAX;
    }
  }
  return had_room;
}

Series* BpftraceParser::series_of(std::string_view file, const HistogramName& name) {
  // A file's name has no zero byte, a map's neither.
  std::string key(file);
  key.append(1, '\0').append(name.map);
  if (name.key) key.append(1, '\0').append(*name.key);
  const bool may_forget = series_.all().size() >= kMostSeries && !series_.all().contains(key);
  Series* const series = series_.mention(key);
  if (may_forget) measure_rows();
  return series;
}

void BpftraceParser::begin_run(std::string_view file, FileState& state) {
  state.may_be_ending = false;
  const std::string prefix = std::string(file) + '\0';
  auto& all = series_.all();
  for (auto each = all.lower_bound(prefix); each != all.end(); ++each) {
    if (!each->first.starts_with(prefix)) break;
    rows_ -= each->second.value.histograms.size();
    each->second.value.histograms.begin_run();
  }
}

bool BpftraceParser::is_wanted(const HistogramName& name) const {
  return options_.maps.empty() || std::ranges::count(options_.maps, name.map) > 0;
}

bool BpftraceParser::has_room_for_row() {
  if (rows_ < kMostRows) return true;
  if (!series_.forget_idle()) return false;
  measure_rows();
  return rows_ < kMostRows;
}

void BpftraceParser::measure_rows() {
  rows_ = 0;
  for (const auto& [name, entry] : files_.all()) {
    if (entry.value.open) rows_ += entry.value.open->rows.size();
  }
  for (const auto& [name, entry] : series_.all()) rows_ += entry.value.histograms.size();
}

void BpftraceParser::flush(Milliseconds /*duration*/, std::int64_t now, LogPoints& points) {
  for (auto& [name, entry] : files_.all()) {
    auto& open = entry.value.open;
    // What may be the end is looked at as a whole, as late as the next line.
    if (!open || open->rows.empty() || entry.value.may_be_ending) continue;
    if (now - open->last_line < kBlockPatience) continue;
    static_cast<void>(count_part(name, *open));
  }
  for (auto& [name, entry] : counts_.all()) {
    points.add(options_.metric + "." + name, std::to_string(entry.value));
    entry.value = 0;
  }
  files_.next_interval();
  series_.next_interval();
  counts_.next_interval();
  measure_rows();  // files may have been forgotten, with their blocks
}

std::string BpftraceParser::identity() const {
  std::string text = options_.mode == BpftraceOptions::Mode::Interval ? "interval" : "cumulative";
  text += " " + options_.metric;
  for (const std::string& map : options_.maps) text += " " + map;
  return text;
}

std::string BpftraceParser::save() const {
  SavedWriter writer(kKind);
  writer.text(identity());
  files_.save(writer, [&writer](const FileState& state) {
    writer.whole(state.blank_lines);
    writer.whole(state.may_be_ending ? 1 : 0);
    writer.whole(state.endings);
    writer.whole(state.open ? 1 : 0);
    if (!state.open) return;
    writer.text(state.open->name.map);
    writer.whole(state.open->name.key ? 1 : 0);
    writer.text(state.open->name.key.value_or(""));
    writer.signed_whole(state.open->last_line);
    save_histogram(state.open->rows, writer);
  });
  series_.save(writer, [&writer](const Series& series) {
    series.histograms.save(writer);
    writer.whole(series.ending);
  });
  counts_.save(writer, [&writer](std::uint64_t count) { writer.whole(count); });
  return writer.take();
}

Result<void> BpftraceParser::restore(std::string_view saved) {
  clear();
  SavedReader reader(kKind, saved);
  const bool same_options = reader.text() == identity();
  files_.restore(reader, [&reader](FileState& state) {
    state.blank_lines = reader.whole();
    state.may_be_ending = reader.whole() != 0;
    state.endings = reader.whole();
    if (reader.whole() == 0) return;
    OpenBlock open;
    open.name.map = reader.text();
    const bool has_key = reader.whole() != 0;
    const std::string_view key = reader.text();
    if (has_key) open.name.key = key;
    open.last_line = reader.signed_whole();
    open.rows = restore_histogram(reader);
    state.open = std::move(open);
  });
  series_.restore(reader, [&reader](Series& series) {
    series.histograms.restore(reader);
    series.ending = reader.whole();
  });
  counts_.restore(reader, [&reader](std::uint64_t& count) { count = reader.whole(); });
  Result<void> finished = reader.finish();
  if (finished && same_options) {
    measure_rows();
    return success();
  }
  clear();
  return finished ? Error{"saved with other options"} : finished;
}

void BpftraceParser::clear() {
  files_ = RecentNames<FileState>(kMostFiles);
  series_ = RecentNames<Series>(kMostSeries);
  counts_ = RecentNames<std::uint64_t>(kMostLogNames);
  rows_ = 0;
}

}  // namespace

std::unique_ptr<LogParser> make_bpftrace_parser(const BpftraceOptions& options) {
  return std::make_unique<BpftraceParser>(options);
}

}  // namespace carbon_spool
