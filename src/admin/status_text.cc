#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

#include "carbon_spool/admin/status.h"
#include "carbon_spool/base/units.h"

#include "look.h"

namespace carbon_spool {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kLabelWidth = 12;
constexpr std::size_t kBarWidth = 30;

/// 1234567 is "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t at = text.size(); at > 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string count(std::uint64_t number, std::string_view noun) {
  return grouped(number) + ' ' + std::string(noun) + (number == 1 ? "" : "s");
}

std::string utc(std::int64_t unix_seconds) {
  const std::time_t time = unix_seconds;
  std::tm parts{};
  std::array<char, 40> text{};
  if (::gmtime_r(&time, &parts) == nullptr) return std::to_string(unix_seconds);
  std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts);
  return text.data();
}

std::string relative_to(std::int64_t now, std::int64_t time) {
  if (time > now) return describe_duration(Seconds(time - now)) + " ahead";
  return describe_duration(Seconds(now - time)) + " ago";
}

std::string rate(double per_second, const std::string& noun) {
  if (per_second >= 0.05 && per_second < 9.95) {
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%.1f ", per_second);
    return text.data() + noun + "s/s";
  }
  return grouped(static_cast<std::uint64_t>(std::llround(std::max(per_second, 0.0)))) + ' ' + noun +
         "s/s";
}

/// What is counted there.
std::string noun_of(const DestinationStatus& destination) {
  return destination.type == kEventDestinationType ? "event" : "point";
}

std::string noun_of(const InputStatus& input) {
  return input.type == "events" || input.type == "command" ? "event" : "point";
}

std::string reasons(const std::map<std::string, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [reason, number] : counts) {
    if (number == 0) continue;
    text += (text.empty() ? ": " : ", ") + reason + ' ' + grouped(number);
  }
  return text;
}

/// Lines of a label and a value, wrapped at blanks; those that need a look begin with `!`.
class Page {
 public:
  void head(const std::string& text) { wrap("", text, 0, 2); }
  void blank() { text_ += '\n'; }

  void row(std::string_view label, const std::string& value, bool marked = false) {
    std::string front = marked ? "! " : "  ";
    front += label;
    front.resize(2 + kLabelWidth + 2, ' ');
    wrap(front, value, front.size(), front.size());
  }

  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  void wrap(const std::string& front, std::string_view value, std::size_t used,
            std::size_t indent) {
    text_ += front;
    bool line_begins = true;
    while (!value.empty()) {
      const std::string_view word = value.substr(0, value.find(' '));
      value.remove_prefix(std::min(value.size(), word.size() + 1));
      if (!line_begins && used + 1 + word.size() > kWidth) {
        text_ += '\n' + std::string(indent, ' ');
        used = indent;
        line_begins = true;
      }
      if (!line_begins) {
        text_ += ' ';
        ++used;
      }
      for (const char each : word) text_ += static_cast<unsigned char>(each) < 0x20 ? '?' : each;
      used += word.size();
      line_begins = false;
    }
    text_ += '\n';
  }

  std::string text_;
};

void add_headline(Page& page, const Status& status, std::int64_t now) {
  std::string text = "carbon-spool " + status.version;
  if (status.state == "stopped") {
    text += ", not running: the queue as it was left";
  } else {
    text += ", " + status.state + " for " + describe_duration(Seconds(status.uptime_seconds)) +
            ", pid " + std::to_string(status.pid) + ": ";
    text += needs_a_look(status, now) ? "needs a look" : "all is well";
  }
  page.head(text);
}

std::string how_full(const QueueStatus& queue, bool bars) {
  std::string text = describe_size(queue.bytes_on_disk);
  if (queue.max_size_bytes == 0) return text;
  const double share = std::min(
      1.0, static_cast<double>(queue.bytes_on_disk) / static_cast<double>(queue.max_size_bytes));
  const std::string percent = std::to_string(std::llround(share * 100)) + '%';
  text += " of " + describe_size(queue.max_size_bytes);
  if (!bars) return text + " (" + percent + "), when full " + queue.when_full;
  const auto filled = static_cast<std::size_t>(std::llround(share * kBarWidth));
  return '[' + std::string(filled, '#') + std::string(kBarWidth - filled, '.') + "] " + percent +
         ", " + text;
}

void add_queue(Page& page, const QueueStatus& queue, std::int64_t now, bool bars) {
  page.blank();
  page.head("queue " + queue.path);
  page.row("waiting", queue.points == 0
                          ? "nothing"
                          : count(queue.points, "point") + " in " + grouped(queue.batches) +
                                (queue.batches == 1 ? " batch" : " batches"));
  if (queue.events.value_or(0) > 0) page.row("", count(*queue.events, "event"));
  page.row("on disk", how_full(queue, bars));
  if (queue.oldest_timestamp) {
    page.row("oldest point",
             utc(*queue.oldest_timestamp) + ", " + relative_to(now, *queue.oldest_timestamp));
  }
  page.row("dropped", queue.dropped_points_total == 0
                          ? "none"
                          : count(queue.dropped_points_total, "point") + ", over all destinations");
  if (queue.last_error) page.row("error", *queue.last_error, true);
  for (const std::string& each : queue.set_aside) page.row("set aside", each);
  if (queue.points_in_memory > 0) {
    page.row("in memory", count(queue.points_in_memory, "point") + ", until the disk is well",
             true);
  }
}

std::string describe_files(const std::vector<FileStatus>& files) {
  std::uint64_t behind = 0;
  for (const FileStatus& each : files) behind += each.size - std::min(each.size, each.offset);
  return count(files.size(), "file") +
         (behind == 0 ? "" : ", " + format_size(behind) + " of them not read yet");
}

void add_input(Page& page, const InputStatus& input) {
  page.blank();
  std::string title = "input " + input.name;
  for (const std::string& address : input.listen) title += ", " + address;
  page.head(title);
  page.row("accepted", count(input.points_total, noun_of(input)) + ", " +
                           count(input.connections, "connection") + " open");
  page.row("refused",
           input.rejected_total == 0
               ? "none"
               : count(input.rejected_total, input.type == "events" ? "request" : "line") +
                     reasons(input.rejected));
  if (input.connections_refused_total > 0) {
    page.row("turned away", count(input.connections_refused_total, "connection"));
  }
  if (input.fragments_cut_total > 0) {
    page.row("cut",
             count(input.fragments_cut_total, "connection") + " with an unfinished line or frame");
  }
  if (input.datagrams_dropped_total > 0) {
    page.row("lost", count(input.datagrams_dropped_total, "datagram") + ", dropped by the kernel");
  }
  if (input.points_dropped_total > 0) {
    page.row("dropped", count(input.points_dropped_total, "point") +
                            " of its own, which the queue did not take");
  }
  if (input.packets_unforwarded_total > 0) {
    page.row("unforwarded", count(input.packets_unforwarded_total, "packet"));
  }
  if (input.type == "tail") page.row("follows", describe_files(input.files));
  for (const auto& [what, why] : input.failing) {
    page.row("failing", std::string(what).append(": ").append(why));
  }
}

void add_state(Page& page, const DestinationStatus& destination, const Status& status,
               std::int64_t now) {
  std::string text = destination.state;
  if (destination.since > 0) {
    text += " for " + describe_duration(Seconds(now - destination.since));
  }
  if (destination.state == "orphan") text += ": not in the configuration any more";
  page.row("state", text, is_not_connected(destination, status));
}

std::uint64_t unsent_points(const ReaderStatus& reader) {
  return reader.points_pending - std::min(reader.points_pending, reader.points_unconfirmed);
}

/// What waits, and what of it is not even sent.
void add_waiting(Page& page, const ReaderStatus& reader, const std::string& noun) {
  const std::uint64_t pending = reader.points_pending;
  const std::uint64_t unsent = unsent_points(reader);
  std::string waiting = pending == 0 ? "nothing" : count(pending, noun);
  if (reader.points_pending_is_upper_bound) waiting = "at most " + waiting;
  if (pending > unsent) {
    waiting += unsent == 0 ? ", sent and not yet confirmed"
                           : ", " + grouped(pending - unsent) + " of them sent and unconfirmed";
  }
  page.row("waiting", waiting);
  if (unsent == 0) return;
  std::string text = count(unsent, noun);
  if (reader.points_backlog > 0) text += ", " + grouped(reader.points_backlog) + " of them backlog";
  if (reader.oldest_unsent_seconds) {
    text += ", the oldest for " + describe_duration(Seconds(*reader.oldest_unsent_seconds));
  }
  page.row("unsent", text, is_behind(reader));
}

/// How fast what waits is sent, and when all of it will be.
void add_sending(Page& page, const DestinationStatus& destination) {
  if (destination.state == "stopped" || destination.state == "orphan") return;
  const std::string noun = noun_of(destination);
  std::string sending = rate(destination.points_per_second, noun);
  if (destination.points_backlog > 0) {
    sending += ", " + rate(destination.backlog_points_per_second, noun) + " of them backlog";
  }
  if (unsent_points(destination) == 0) {
    sending += ", caught up";
  } else if (destination.seconds_to_catch_up) {
    sending += ", caught up in " + describe_duration(Seconds(*destination.seconds_to_catch_up));
  }
  page.row("sending", sending);
}

void add_acknowledged(Page& page, const ReaderStatus& reader, const std::string& noun) {
  std::string acknowledged = grouped(reader.points_acknowledged_total) + " of " +
                             count(reader.points_received_total, noun);
  if (reader.points_routed_elsewhere_total > 0) {
    acknowledged += ", " + grouped(reader.points_routed_elsewhere_total) + " routed elsewhere";
  }
  page.row("acknowledged", acknowledged);
}

void add_dropped(Page& page, const ReaderStatus& reader, std::int64_t now,
                 const std::string& noun) {
  std::string dropped = "none";
  if (reader.points_dropped_total > 0) {
    dropped = count(reader.points_dropped_total, noun) + reasons(reader.dropped);
    if (reader.last_drop_at) dropped += "; last " + relative_to(now, *reader.last_drop_at);
  }
  page.row("dropped", dropped, dropped_lately(reader, now));
}

void add_destination(Page& page, const DestinationStatus& destination, const Status& status,
                     std::int64_t now) {
  page.blank();
  page.head("destination " + destination.name +
            (destination.address.empty() ? "" : ", " + destination.address));
  add_state(page, destination, status, now);
  add_waiting(page, destination, noun_of(destination));
  add_sending(page, destination);
  add_acknowledged(page, destination, noun_of(destination));
  if (destination.points_rerouted_total > 0) {
    page.row("rerouted", count(destination.points_rerouted_total, "point") +
                             ", acknowledged by others while it was down");
  }
  if (destination.reconnects_total > 0 || destination.points_resent_total > 0) {
    page.row("reconnected", count(destination.reconnects_total, "time") + ", " +
                                count(destination.points_resent_total, noun_of(destination)) +
                                " sent again");
  }
  if (destination.points_kept > 0) {
    page.row("kept", count(destination.points_kept, "point") + ", to be sent again if it dies");
  }
  add_dropped(page, destination, now, noun_of(destination));
  if (destination.last_error) page.row("last error", *destination.last_error);
}

void add_cluster(Page& page, const ClusterStatus& cluster, std::int64_t now) {
  if (!cluster.reader) return;
  page.blank();
  std::string members;
  for (const std::string& each : cluster.members) members += (members.empty() ? "" : ", ") + each;
  page.head("cluster " + cluster.name + ", " + cluster.select + " of " + members);
  add_waiting(page, *cluster.reader, "point");
  add_acknowledged(page, *cluster.reader, "point");
  if (cluster.reader->points_resent_total > 0) {
    page.row("sent again", count(cluster.reader->points_resent_total, "point"));
  }
  add_dropped(page, *cluster.reader, now, "point");
}

}  // namespace

std::string to_text(const Status& status, std::int64_t now, bool bars) {
  Page page;
  add_headline(page, status, now);
  if (status.last_reload_error) page.row("reload", *status.last_reload_error, true);
  add_queue(page, status.queue, now, bars);
  for (const InputStatus& each : status.inputs) add_input(page, each);
  for (const DestinationStatus& each : status.destinations) {
    add_destination(page, each, status, now);
  }
  for (const ClusterStatus& each : status.clusters) add_cluster(page, each, now);
  return page.take();
}

}  // namespace carbon_spool
