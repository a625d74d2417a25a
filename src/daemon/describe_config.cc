#include "carbon_spool/daemon/config.h"

#include "describe_routing.h"
#include "page.h"

namespace carbon_spool {
namespace {

std::string describe_when_full(WhenFull when_full) {
  switch (when_full) {
    case WhenFull::DropOldest:
      return "the oldest points are dropped (drop_oldest)";
    case WhenFull::DropNewest:
      return "new points are dropped for destinations that are behind (drop_newest)";
    case WhenFull::Block:
      break;
  }
  return "the inputs are held back (block)";
}

std::string describe_sync(const SyncPolicy& sync) {
  switch (sync.kind) {
    case SyncPolicy::Kind::Always:
      return "Every batch is forced to the disk before it counts as accepted.";
    case SyncPolicy::Kind::Never:
      return "Nothing is forced to the disk: a power loss may cost whatever the kernel had not "
             "written, and senders that ask for confirmation get it without a sync.";
    case SyncPolicy::Kind::Interval:
      break;
  }
  return "Forced to the disk every " + format_duration(sync.interval) +
         ": a power loss costs the points of that time at most.";
}

void describe_queue(const QueueOptions& queue, Page& page) {
  page.title("queue");
  page.add(queue.path + ", at most " + format_size(queue.max_size) + " on disk; when full, " +
           describe_when_full(queue.when_full) + ".");
  page.add(describe_sync(queue.sync));
  if (queue.min_free_disk > 0) {
    page.add("It also counts as full while the file system has less than " +
             format_size(queue.min_free_disk) + " free.");
  }
  if (queue.max_age) {
    page.add("What could not be sent within " + format_duration(*queue.max_age) +
             " is dropped (max_age).");
  }
  page.add("While the disk fails, " + format_size(queue.memory_limit) +
           " of points are kept in memory (daemon.memory_limit).");
}

void describe_statsd(const StatsdInputOptions& input, Page& page) {
  const StatsdOptions& statsd = input.statsd;
  page.add("Flushed every " + format_duration(statsd.flush_interval) + " into the " +
           (statsd.legacy_namespace ? "legacy" : "new") + " namespace; at most " +
           std::to_string(statsd.max_names) + " names of each type, and " +
           format_size(statsd.max_memory) + " of names and values.");
  if (input.console) page.add("Management console: " + to_string(*input.console) + ".");
  for (const Address& each : input.forward_to) {
    page.add("Every packet goes to " + to_string(each) + " as well.");
  }
  page.add(input.persist ? "The open interval is kept each second: a crash costs that much of it."
                         : "The open interval is in memory: a crash costs it (persist = false).");
}

std::string hostname_of(const HostnameOptions& options) {
  const bool given = !options.hostname.empty() && options.method != HostnameMethod::Shell;
  if (given || options.method == HostnameMethod::None) return options.hostname;
  return "<hostname by " + std::string(name_of(options.method)) + ">";
}

void describe_host(const InputOptions& input, Page& page) {
  const HostOptions& host = input.host.host;
  std::string collectors;
  for (const CollectorKind each : host.collectors) {
    collectors += (collectors.empty() ? "" : ", ") + std::string(name_of(each));
  }
  page.add(input.name + " (host): samples " + host.root + " every " +
           format_duration(input.host.interval) + ": " +
           (collectors.empty() ? "no collector is on" : collectors) + ".");
  page.add("Names begin with " + (host.prefix.empty() ? "" : host.prefix + ".") +
           hostname_of(host.hostname) + (host.suffix.empty() ? "" : "." + host.suffix) + ".");
}

void describe_tail(const InputOptions& input, Page& page) {
  const TailInputOptions& tail = input.tail;
  std::string paths;
  for (const std::string& each : tail.paths) paths += (paths.empty() ? "" : ", ") + each;
  page.add(input.name + " (tail): follows " + paths + ", from the " +
           (tail.from_beginning ? "beginning" : "end") + " of what is there at first.");
  if (!tail.parser) return page.add("Lines are points as they are.");
  const std::string host = hostname_of(tail.hostname);
  page.add("Parser " + std::string(name_of(tail.parser->format)) + ", points every " +
           format_duration(tail.flush_interval) + ", named " +
           (tail.prefix.empty() ? "" : tail.prefix + ".") + (host.empty() ? "" : host + ".") +
           "<name>" + (tail.suffix.empty() ? "" : "." + tail.suffix) + ".");
}

void describe_input(const InputOptions& input, Page& page) {
  page.title("input");
  if (input.type == InputType::Tail) return describe_tail(input, page);
  if (input.type == InputType::Host) return describe_host(input, page);
  std::string listen;
  for (const Address& address : input.listen) {
    listen += (listen.empty() ? "" : ", ") + to_string(address);
  }
  page.add(input.name + " (" + std::string(name_of(input.type)) + "): " + listen + "; at most " +
           std::to_string(input.max_connections) + " connections.");
  if (input.type == InputType::Statsd) describe_statsd(input.statsd, page);
}

/// `10m of confirmed points`; empty: nothing is kept.
std::string describe_window(const ReaderOptions& reader) {
  if (reader.keep_acknowledged_for > Milliseconds::zero()) {
    return format_duration(reader.keep_acknowledged_for);
  }
  return reader.keep_acknowledged_bytes == 0 ? "" : format_size(reader.keep_acknowledged_bytes);
}

std::string describe_kernel(const std::string& window) {
  std::string text =
      "Acknowledged by the peer's kernel (kernel): a point counts as delivered once the other "
      "machine's kernel has taken its bytes. What this gives up: whatever the server itself had "
      "not "
      "read yet when it dies or hangs is lost";
  if (window.empty()) return text + ", and with resend_window at zero nothing is sent again.";
  return text + ", unless it is within the last " + window +
         " (resend_window), which are sent again after every disconnect.";
}

std::string describe_close(const DestinationConfig& destination) {
  const std::string window = describe_window(destination.reader);
  std::string text =
      "Confirmed by the peer's close of each connection (close); without progress for " +
      format_duration(destination.sender.confirm_timeout) + " everything on it is sent again.";
  if (!window.empty()) {
    text += " After a disconnect the last " + window +
            " of confirmed points are sent again too (resend_window).";
  }
  return text;
}

void describe_destination(const QueueOptions& queue, const DestinationConfig& destination,
                          Page& page) {
  const SenderOptions& sender = destination.sender;
  page.title("destination");
  page.add(sender.name + ": " + to_string(sender.address));
  page.add(sender.acknowledge == Acknowledge::Kernel
               ? describe_kernel(describe_window(destination.reader))
               : describe_close(destination));
  const std::uint64_t most = confirm_bytes_in_force(queue, sender);
  std::string carries = "A connection carries points for " + format_duration(sender.confirm_every) +
                        " or " + format_size(most) + ", whichever is first";
  if (most < sender.confirm_bytes) {
    carries += " (confirm_bytes is " + format_size(sender.confirm_bytes) +
               "; a sixteenth of max_size is the most)";
  }
  page.add(carries + ".");
  page.add(std::string(sender.replay == Replay::OldestFirst
                           ? "Strictly in order, oldest first (oldest_first)."
                           : "New points go at once, a backlog beside them (live_first).") +
           (sender.replay_rate == 0 ? ""
                                    : " Of a backlog " + std::to_string(sender.replay_rate) +
                                          " points per second (replay_rate).") +
           (destination.reader.start == ReaderStart::Oldest
                ? " New to the queue, it begins with the oldest points that are there."
                : " New to the queue, it begins with the points that come from then on."));
  if (destination.reader.max_backlog != UINT64_MAX) {
    page.add("When more than " + format_size(destination.reader.max_backlog) +
             " of plaintext waits for it unsent, the oldest of it is dropped (max_backlog).");
  }
  page.add("Connects within " + format_duration(sender.connect_timeout) + ", tries again after " +
           format_duration(sender.backoff_max) + " at most, gives up a stalled connection after " +
           format_duration(sender.stall_timeout) + ".");
}

void describe_event_destination(const EventDestinationConfig& destination, Page& page) {
  const EventSenderOptions& sender = destination.sender;
  page.title("destination");
  page.add(sender.name + " (events): " + to_string(sender.address));
  page.add("One request an event, in order; confirmed by its answer, for which it waits " +
           format_duration(sender.confirm_timeout) +
           ". What may have arrived without an answer is looked for there before it is sent again; "
           "what is refused (4xx) is set aside and not sent again.");
  if (destination.reader.max_backlog != UINT64_MAX) {
    page.add("When more than " + format_size(destination.reader.max_backlog) +
             " waits for it unsent, the oldest of it is dropped (max_backlog).");
  }
  page.add("Connects within " + format_duration(sender.connect_timeout) + ", tries again after " +
           format_duration(sender.backoff_max) + " at most.");
}

std::string name_of(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warning:
      return "warning";
    case LogLevel::Error:
      break;
  }
  return "error";
}

}  // namespace

std::string describe(const Config& config) {
  Page page;
  describe_queue(config.queue, page);
  if (uses_events(config)) {
    page.add("Of that, events have " + format_size(kEventQueueSize) + " in " +
             event_queue(config).path + ".");
  }
  for (const InputOptions& input : config.inputs) describe_input(input, page);
  for (const DestinationConfig& each : config.destinations) {
    describe_destination(config.queue, each, page);
  }
  for (const EventDestinationConfig& each : config.event_destinations) {
    describe_event_destination(each, page);
  }
  if (config.routing) describe_routing(*config.routing, page);
  page.title("daemon");
  page.add(std::to_string(config.threads) + " ingest thread" + (config.threads == 1 ? "" : "s") +
           "; stops within " + format_duration(config.shutdown_timeout) + "; status on " +
           config.admin_socket + "; logs from level " + name_of(config.log_level) + ".");
  return page.text();
}

}  // namespace carbon_spool
