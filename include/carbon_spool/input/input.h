#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "carbon_spool/base/address.h"
#include "carbon_spool/base/clock.h"
#include "carbon_spool/base/result.h"
#include "carbon_spool/base/units.h"
#include "carbon_spool/host/host_options.h"
#include "carbon_spool/logs/make_log_parser.h"
#include "carbon_spool/queue/batch.h"
#include "carbon_spool/statsd/statsd_options.h"
#include "carbon_spool/wire/refusal.h"

namespace carbon_spool {

class IngestThreads;

/// Where an input's points go. The daemon connects it to the queue; tests to a vector.
/// Threads: each ingest thread calls it.
class PointSink {
 public:
  virtual ~PointSink() = default;
  /// An empty builder; may block (back-pressure). None: nothing is taken any more.
  [[nodiscard]] virtual std::optional<BatchBuilder> obtain_builder() = 0;
  /// The same, and gives up after `most`: for points that the daemon makes itself, which are
  /// dropped rather than waited for (`block`).
  [[nodiscard]] virtual std::optional<BatchBuilder> obtain_builder_within(Milliseconds most) = 0;
  virtual std::uint64_t submit(BatchBuilder builder) = 0;
  /// In one step, see `Queue::submit_together`.
  virtual std::uint64_t submit_together(std::vector<BatchBuilder> builders) = 0;
  /// Calls `then` from any thread once all up to `ticket` is accepted and durable (see
  /// `Queue::when_durable`).
  virtual void when_durable(std::uint64_t ticket, std::function<void(bool accepted)> then) = 0;

  /// Keeps a text that outlives the process, in place of the one that was kept under that key.
  virtual void keep(const std::string& key, const std::string& text) = 0;
  [[nodiscard]] virtual std::optional<std::string> kept(const std::string& key) const = 0;
};

/// What an input speaks. To add one: here, `make_stream_decoder` (and, where it takes datagrams,
/// the datagram listener) in this module, its keys in src/daemon/config_input.cc; status, `check`
/// and reload follow by themselves.
enum class InputType : std::uint8_t {
  Graphite,  ///< the plaintext protocol
  Pickle,    ///< the pickle protocol; streams only
  Statsd,    ///< StatsD's, whose values are aggregated: points are made of them at each flush
  Host,      ///< nothing: it samples this machine
  Tail,      ///< nothing: it follows files
  Events,    ///< HTTP as graphite-web's events API; its sink is the queue of events
};

/// As the configuration and `status` write it: `graphite`, `pickle`, `statsd`, `host`, `tail`,
/// `events`.
[[nodiscard]] std::string_view name_of(InputType type);

/// Whether inputs of that type can listen on UDP and Unix datagram sockets.
[[nodiscard]] bool takes_datagrams(InputType type);

/// What a StatsD input has beside what it does with values.
struct StatsdInputOptions {
  StatsdOptions statsd;
  std::optional<Address> console;   ///< tcp or a Unix stream; where the management console listens
  std::vector<Address> forward_to;  ///< udp or Unix datagrams: what gets every packet as it came
  bool persist = false;             ///< whether the open interval is kept each second

  friend bool operator==(const StatsdInputOptions&, const StatsdInputOptions&) = default;
};

/// What a host input has.
struct HostInputOptions {
  HostOptions host;
  Seconds interval{60};  ///< points are stamped with multiples of it

  friend bool operator==(const HostInputOptions&, const HostInputOptions&) = default;
};

/// What a tail input has.
struct TailInputOptions {
  std::vector<std::string> paths;  ///< absolute; glob(7)
  /// Of files that are there when the queue first knows the input; others begin at their beginning.
  bool from_beginning = false;
  Milliseconds patience{60'000};  ///< a renamed file is read on for so long after its last line
  std::optional<LogParserOptions> parser;  ///< none: lines are points as they are
  // With a parser: points are stamped with multiples of the interval and named
  // `[prefix.][host name.]name[.suffix]`.
  Seconds flush_interval{10};
  std::string prefix;
  std::string suffix;
  HostnameOptions hostname;

  friend bool operator==(const TailInputOptions&, const TailInputOptions&) = default;
};

struct InputOptions {
  std::string name = "graphite";
  InputType type = InputType::Graphite;  ///< of one input always the same
  std::vector<Address> listen;
  std::uint32_t max_connections = 20000;  ///< of all its stream listeners together
  StatsdInputOptions statsd = {};         ///< of InputType::Statsd; of one input always the same
  HostInputOptions host = {};             ///< of InputType::Host, which listens nowhere
  TailInputOptions tail = {};             ///< of InputType::Tail, which listens nowhere
  Milliseconds idle_timeout{60'000};      ///< of InputType::Events, for a whole request

  friend bool operator==(const InputOptions&, const InputOptions&) = default;
};

/// A file that is followed; of a log that was rotated the newest generation.
struct FollowedFile {
  std::string path;
  std::uint64_t inode = 0;
  std::uint64_t offset = 0;  ///< bytes that were read
  std::uint64_t size = 0;

  friend bool operator==(const FollowedFile&, const FollowedFile&) = default;
};

struct InputStats {
  std::uint32_t connections = 0;
  RefusalCounts refused{};
  std::uint64_t connections_refused = 0;  ///< beyond max_connections, or no file descriptor left
  std::uint64_t fragments_cut =
      0;  ///< connections closed because unfinished lines took too much memory
  std::uint64_t datagrams_dropped =
      0;  ///< by the kernel (SO_RXQ_OVFL), or in hand when the sink stopped
  std::uint64_t points_dropped = 0;       ///< of flushes and samples: the queue did not take them
  std::uint64_t packets_unforwarded = 0;  ///< that a target of `forward_to` did not get
  /// Collectors of a host input, files of a tail input that fail, and why; `hostname`.
  std::map<std::string, std::string> failing;
  std::vector<FollowedFile> files;  ///< of a tail input
};

/// Takes points on TCP, UDP and Unix sockets and hands over batches of good ones.
///
/// Acceptance: a stream whose sender half-closed it is closed in order only after all that was read
///             there is durable; every other end (death of this process included) is a reset, so
///             that a confirming sender never takes it for an acknowledgement. Unix sockets know no
///             such reset: their end of file confirms nothing.
/// Limits:     lines, frames, what is unfinished of all connections together (kMaxFragmentBytes,
///             kMaxFrameFragmentBytes), connections.
/// Threads:    `start`, `stop` and the destructor from one thread; `stats` from any.
class Input {
 public:
  /// Binds every address; fails naming the one that could not be had. A Unix socket's file that
  /// nobody answers on is replaced. All inputs of the same `threads` but those of events have the
  /// same `sink`. Host and tail inputs begin with `use_prepared`.
  [[nodiscard]] static Result<std::unique_ptr<Input>> start(
      const InputOptions& options, ProducerId producer, PointSink& sink, IngestThreads& threads,
      const RefusalCounts& refused_before = {}, const Clock& clock = system_clock());

  /// Stops, and waits as `finished` does.
  virtual ~Input() = default;

  /// Binds what is in `listen` and is not listened on yet; nothing else changes. Takes back what
  /// was prepared before and not used. Fails naming the address that could not be had.
  [[nodiscard]] virtual Result<void> prepare(const InputOptions& options) = 0;

  /// Puts what was prepared into use. What is in both the old and the new `listen` keeps its
  /// sockets and connections. What is only in the old stops listening; connections that came
  /// through it end as at a stop.
  virtual void use_prepared() = 0;

  /// Closes the listeners, removes their socket files, reads no more, hands over what is in hand;
  /// connections are reset, except those that were half-closed and wait only for durability. When
  /// it returns nothing more is submitted. It does not wait for the sink: of a thread that the sink
  /// holds back in `obtain_builder` the sockets are closed as soon as the sink lets go.
  virtual void stop() = 0;

  /// Waits until every connection has had its answer and every socket is gone; `stats` change no
  /// more. Needs `stop`, and after it a sink that lets go: one that answers every `when_durable`
  /// and blocks no `obtain_builder`. So the order is: stop inputs, `Queue::stop_appending`, wait
  /// here.
  virtual void finished() = 0;

  /// What is listened on, with the ports that the kernel chose.
  [[nodiscard]] virtual std::vector<Address> listening() const = 0;
  [[nodiscard]] virtual InputStats stats() const = 0;

  /// What a StatsD input saw under names that match, see `StatsdWatch::ask`; none of others.
  [[nodiscard]] virtual std::optional<std::string> watch(const std::string& watcher,
                                                         const std::string& pattern) = 0;
};

}  // namespace carbon_spool
