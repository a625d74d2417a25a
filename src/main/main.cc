#include <functional>
#include <memory>

#include <CLI/CLI.hpp>

#include "commands.h"

namespace carbon_spool {
namespace {

/// What the command that was given does, once its arguments are read.
using Chosen = std::function<int()>;

void add_config_option(CLI::App& command, std::string& file) {
  command.add_option("--config", file, "the configuration file")
      ->type_name("FILE")
      ->capture_default_str();
}

/// A command with arguments of its own, which live as long as what it is chosen by.
template <class Arguments>
CLI::App& add_command(CLI::App& to, const char* name, const char* description,
                      int (*run)(const Arguments&), Chosen& chosen,
                      const std::function<void(CLI::App&, Arguments&)>& add_options) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App& command = *to.add_subcommand(name, description);
  add_options(command, *arguments);
  command.callback([&chosen, arguments, run] { chosen = [=] { return run(*arguments); }; });
  return command;
}

void add_daemon_commands(CLI::App& app, Chosen& chosen) {
  add_command<RunArguments>(app, "run", "be the daemon, in the foreground", run_daemon, chosen,
                            [](CLI::App& command, RunArguments& arguments) {
                              add_config_option(command, arguments.config_file);
                            });

  add_command<CheckArguments>(
      app, "check", "read the configuration, print it or its errors", check_config, chosen,
      [](CLI::App& command, CheckArguments& arguments) {
        add_config_option(command, arguments.config_file);
        command.add_flag("--connect", arguments.connect,
                         "also try every destination, and say which would confirm");
      })
      .footer(
          "Exit code: 0 good; 1 with --connect, a destination did not connect or would not\n"
          "confirm; 2 bad usage or configuration");

  add_command<StatusArguments>(
      app, "status", "show the queue and every destination", show_status, chosen,
      [](CLI::App& command, StatusArguments& arguments) {
        add_config_option(command, arguments.config_file);
        command.add_flag("--json", arguments.json, "for programs");
        command.add_flag("--watch", arguments.watch, "again every second, with bars");
      })
      .footer(
          "Exit code: 0 all is well; 1 something needs a look; 2 bad usage or configuration;\n"
          "3 the daemon is not running (what is shown is the queue as it was left)");

  add_command<RouteArguments>(
      app, "route", "tell who would get points of a name, and why", route_names, chosen,
      [](CLI::App& command, RouteArguments& arguments) {
        add_config_option(command, arguments.config_file);
        command.add_option("names", arguments.names, "metric names (those on standard input)")
            ->type_name("NAME...");
      })
      .footer("For names on standard input: one line each, the name and behind tabs who gets it.");

  add_command<ImportArguments>(
      app, "import", "print a configuration of carbon-c-relay as one of carbon-spool",
      import_config, chosen,
      [](CLI::App& command, ImportArguments& arguments) {
        command.add_option("file", arguments.file, "a configuration of carbon-c-relay")
            ->type_name("FILE")
            ->required();
      })
      .footer(
          "Exit code: 0 all of it was carried over; 1 something was not, or not as it was: each "
          "is\n"
          "named on standard error, and in a comment at its place; 2 the file cannot be read");
}

void add_waiting_options(CLI::App& command, WaitingArguments& arguments) {
  add_config_option(command, arguments.config_file);
  command.add_option("--destination", arguments.destination, "what waits for this one (any)")
      ->type_name("NAME");
  command
      .add_option("--path", arguments.path,
                  "only metric paths that match, as in 'servers.*.cpu'; * stands for dots, too")
      ->type_name("PATTERN");
  command
      .add_option("--from", arguments.from,
                  "only timestamps from then on: Unix seconds, or 2h for two hours ago")
      ->type_name("TIME");
  command.add_option("--until", arguments.until, "only timestamps until then")->type_name("TIME");
}

void add_queue_commands(CLI::App& app, Chosen& chosen) {
  CLI::App& queue = *app.add_subcommand("queue", "look at what waits, write it out, drop it");
  queue.require_subcommand(1);

  add_command<PeekArguments>(queue, "peek", "show the oldest points that wait", peek_queue, chosen,
                             [](CLI::App& command, PeekArguments& arguments) {
                               add_waiting_options(command, arguments.waiting);
                               command.add_option("--limit", arguments.limit, "how many")
                                   ->type_name("POINTS")
                                   ->capture_default_str();
                             });

  add_command<WaitingArguments>(queue, "export",
                                "write out what waits, as lines that a Graphite server takes",
                                export_queue, chosen, add_waiting_options);

  add_command<VerifyArguments>(
      queue, "verify", "read every batch, those of events, too, and check its checksum",
      verify_queue, chosen, [](CLI::App& command, VerifyArguments& arguments) {
        add_config_option(command, arguments.config_file);
      });

  add_command<PurgeArguments>(
      queue, "purge", "drop what waits for a destination; asks twice", purge_queue, chosen,
      [](CLI::App& command, PurgeArguments& arguments) {
        add_config_option(command, arguments.config_file);
        command.add_option("--destination", arguments.destination, "what waits for this one")
            ->type_name("NAME");
        command.add_flag("--all", arguments.all, "what waits for any");
        command
            .add_option("--older-than", arguments.older_than,
                        "only what was accepted longer ago than, for instance, 12h")
            ->type_name("DURATION");
        command.add_flag("--yes", arguments.yes, "do not ask");
      })
      .footer("A destination that is not in the configuration any more is forgotten with that.");

  add_command<AdoptArguments>(
      queue, "adopt", "hand what waits for an orphan to another destination", adopt_position,
      chosen, [](CLI::App& command, AdoptArguments& arguments) {
        add_config_option(command, arguments.config_file);
        command
            .add_option("orphan", arguments.orphan, "a name that is no more in the configuration")
            ->type_name("ORPHAN")
            ->required();
        command.add_option("destination", arguments.destination, "who gets it")
            ->type_name("NAME")
            ->required();
      });
}

void add_sender(CLI::App& app, Chosen& chosen) {
  add_command<SendArguments>(
      app, "send", "send points, and tell whether they were confirmed", send_points, chosen,
      [](CLI::App& command, SendArguments& arguments) {
        add_config_option(command, arguments.config_file);
        command
            .add_option("lines", arguments.address_and_lines,
                        "where to: tcp://host:port, unix:///path, udp://host:port or\n"
                        "unixgram:///path (the first plaintext input of the configuration, with\n"
                        "--statsd the first of StatsD); then points, each as 'path value\n"
                        "[timestamp]' (those on standard input, one a line); without a timestamp:\n"
                        "now")
            ->type_name("[ADDRESS] [POINT...]");
        command.add_flag("--statsd", arguments.statsd,
                         "lines for StatsD, such as 'logins:1|c', sent as they are");
        command
            .add_option("--timeout", arguments.timeout,
                        "give up when the peer takes nothing for so long")
            ->type_name("DURATION")
            ->capture_default_str();
      })
      .footer(
          "Exit code: 0 everything was sent, and over tcp:// or unix:// the peer confirmed that "
          "it\n"
          "has read it all; 1 it was not confirmed and may be lost, or some lines were bad (each "
          "is\n"
          "named on standard error, the others are sent); 2 bad usage or configuration. Over "
          "udp://\n"
          "and unixgram:// nothing can be confirmed: 0 means no more than that the kernel took "
          "it.");
}

void add_logster_options(CLI::App& command, LogsterArguments& arguments) {
  add_config_option(command, arguments.config_file);
  command.add_option("parser", arguments.parser, "SampleLogster or http_status, …")
      ->type_name("PARSER")
      ->required();
  command.add_option("file", arguments.file, "the log")->type_name("LOGFILE")->required();
  command.add_option("-p,--metric-prefix", arguments.prefix, "put before each name");
  command.add_option("-x,--metric-suffix", arguments.suffix, "put behind each name");
  command.add_option(
      "--parser-options", arguments.parser_options,
      "as one text: '-p 90,95' of MetricLogster, '-l WARN,ERROR' of Log4jLogster,\n"
      "'-k :' of JsonLogster, '--metric cpu-lat --mode cumulative --maps @usecs' of\n"
      "bpftrace");
  command
      .add_option("-s,--state-dir", arguments.state_folder, "where the place in the log is kept")
      ->capture_default_str();
  command
      .add_option("-o,--output", arguments.outputs,
                  "stdout, graphite or statsd; may be given more than once")
      ->allow_extra_args(false)
      ->required();
  command
      .add_option("--stdout-separator", arguments.stdout_separator,
                  "between prefix, name and suffix on standard output")
      ->capture_default_str();
  command.add_option("--graphite-host", arguments.graphite_host,
                     "host:port (the first plaintext input of the configuration)");
  command.add_option("--graphite-protocol", arguments.graphite_protocol, "tcp or udp")
      ->capture_default_str();
  command.add_option("--statsd-host", arguments.statsd_host, "host:port");
  command.add_flag("-d,--dry-run", arguments.dry_run,
                   "print what would be sent; lines count as read nevertheless");
  // Of Logster, so that its cron jobs need no other change than the program's name.
  for (const char* text : {"-t,--tailer", "--logtail", "--locker", "-l,--log-dir", "--log-conf"}) {
    command.add_option_function<std::string>(
        text, [](const std::string&) {}, "ignored");
  }
  command.add_flag_function(
      "-D,--debug", [](std::int64_t) {}, "ignored");
}

void add_logster(CLI::App& app, Chosen& chosen) {
  add_command<LogsterArguments>(app, "logster",
                                "send what a log's new lines come to, as Logster does", run_logster,
                                chosen, add_logster_options)
      .footer(
          "The first run only remembers where the log ends. Exit code: 0 good; 1 nothing was\n"
          "remembered, the next run reads the same lines again; 2 bad usage or configuration");
}

void add_tail(CLI::App& app, Chosen& chosen) {
  add_command<TailArguments>(
      app, "tail", "show what the lines of log files come to", tail, chosen,
      [](CLI::App& command, TailArguments& arguments) {
        add_config_option(command, arguments.config_file);
        command.add_flag("--dry-run", arguments.dry_run,
                         "print the points, as of one interval; nothing is sent or kept");
        command.add_option("--input", arguments.input, "the name of the input, if there are more")
            ->type_name("NAME");
        command.add_option("logs", arguments.logs, "in place of the files of the input")
            ->type_name("[LOG...]");
      })
      .footer(
          "Exit code: 0 good; 1 some file cannot be read, or there is none; 2 bad usage or\n"
          "configuration");
}

void add_statsd_commands(CLI::App& app, Chosen& chosen) {
  CLI::App& statsd = *app.add_subcommand("statsd", "look at what StatsD inputs take and flush");
  statsd.require_subcommand(1);
  add_command<WatchStatsdArguments>(
      statsd, "watch", "show values and flushed points as they pass, until interrupted",
      watch_statsd, chosen,
      [](CLI::App& command, WatchStatsdArguments& arguments) {
        add_config_option(command, arguments.config_file);
        command
            .add_option("pattern", arguments.pattern,
                        "names, as in '*.requests'; of points the whole path")
            ->type_name("PATTERN")
            ->required();
      })
      .footer("< is a value that came, > a point that was flushed.");
}

void add_event(CLI::App& app, Chosen& chosen) {
  add_command<EventArguments>(
      app, "event", "hand an event to the daemon, for graphite-web", hand_over_event, chosen,
      [](CLI::App& command, EventArguments& arguments) {
        add_config_option(command, arguments.config_file);
        command.add_option("what", arguments.what, "what happened, in a few words")
            ->type_name("WHAT")
            ->required();
        command.add_option("--tag", arguments.tags, "a tag; may be given more than once")
            ->type_name("TAG")
            ->allow_extra_args(false);
        command.add_option("--data", arguments.data, "more about it")->type_name("TEXT");
        command.add_option("--when", arguments.when, "when it happened (now)")
            ->type_name("UNIX-SECONDS");
      })
      .footer(
          "Exit code: 0 the event is in the daemon's queue, on disk; 1 the daemon did not take "
          "it;\n"
          "2 bad usage or configuration; 3 the daemon is not running, the event was not taken");
}

void add_receiver(CLI::App& app, Chosen& chosen) {
  add_command<ReceiveArguments>(
      app, "receive", "be a small Graphite server that prints what arrives", receive, chosen,
      [](CLI::App& command, ReceiveArguments& arguments) {
        command
            .add_option("--listen", arguments.listen,
                        "tcp://host:port, udp://host:port, unix:///path or unixgram:///path;\n"
                        "port 0: any free one; may be given more than once")
            ->type_name("ADDRESS")
            ->required();
        command.add_flag("--count", arguments.count, "print how many lines came, not the lines");
      });
}

int run_command_line(int argc, char** argv) {
  CLI::App app(
      "carbon-spool: takes Graphite metrics, keeps them on disk, delivers them when it can",
      "carbon-spool");
  app.set_version_flag("--version", "carbon-spool " CARBON_SPOOL_VERSION, "print the version");
  app.get_help_ptr()->description("print this help; also behind a command");
  app.require_subcommand(1);
  Chosen chosen;
  add_daemon_commands(app, chosen);
  add_queue_commands(app, chosen);
  add_sender(app, chosen);
  add_event(app, chosen);
  add_logster(app, chosen);
  add_tail(app, chosen);
  add_statsd_commands(app, chosen);
  add_receiver(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stopped) {
    // Zero for --help and --version.
    return app.exit(stopped) == 0 ? kExitGood : kExitBadUsage;
  }
  return chosen();
}

}  // namespace
}  // namespace carbon_spool

int main(int argc, char** argv) {
  return carbon_spool::run_command_line(argc, argv);
}
