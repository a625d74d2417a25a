#include "config_tail.h"

#include <string_view>

#include "config_host.h"
#include "config_parser.h"

namespace carbon_spool {
namespace {

constexpr Seconds kIntervalOfBpftrace{15};

/// `path`: one, or a list.
void read_paths(ConfigTable& table, std::vector<std::string>& paths) {
  const std::string expected = "expected a file such as \"/var/log/app.log\", or a list of them";
  const toml::value* const value = table.take("path");
  if (value == nullptr) return table.error("path", expected);
  if (value->is_string()) {
    paths = {value->as_string().str};
  } else {
    table.texts("path", paths);
    if (paths.empty() && value->is_array()) table.error("path", expected);
  }
  for (const std::string& each : paths) {
    const bool fits = each.starts_with('/') && !each.ends_with('/') &&
                      each.find_first_of("\r\n") == std::string::npos;
    if (!fits) {
      table.error("path", "expected a path that begins with \"/\", found " + quote_for_log(each));
    }
  }
}

}  // namespace

void read_tail(ConfigTable& table, InputOptions& input) {
  TailInputOptions& tail = input.tail;
  read_paths(table, tail.paths);
  table.choice<bool>("start", {{"end", false}, {"beginning", true}}, tail.from_beginning);
  table.duration("read_renamed_for", tail.patience);
  tail.parser = read_log_parser(table);
  const bool is_bpftrace = tail.parser && tail.parser->format == LogFormat::Bpftrace;
  if (is_bpftrace) tail.flush_interval = kIntervalOfBpftrace;
  read_whole_seconds(table, "flush_interval", tail.flush_interval);
  table.name_part("prefix", true, tail.prefix);
  table.name_part("suffix", true, tail.suffix);
  read_hostname(table, tail.hostname);
  if (tail.parser) return;
  for (const char* key : {"flush_interval", "prefix", "suffix", "hostname", "hostname_method"}) {
    if (table.take(key) == nullptr) continue;
    table.error(key,
                "lines of parser = \"graphite\" are points as they are; "
                "remove it, or name another parser");
  }
}

}  // namespace carbon_spool
