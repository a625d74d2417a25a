#include <CLI/CLI.hpp>

#include "commands.h"

namespace carbon_spool {
namespace {

void add_config_option(CLI::App& command, std::string& file) {
  command.add_option("--config", file, "the configuration file")
      ->type_name("FILE")
      ->capture_default_str();
}

int run_command_line(int argc, char** argv) {
  CLI::App app(
      "carbon-spool: takes Graphite metrics, keeps them on disk, delivers them when it can",
      "carbon-spool");
  app.set_version_flag("--version", "carbon-spool " CARBON_SPOOL_VERSION, "print the version");
  app.get_help_ptr()->description("print this help; also behind a command");
  app.require_subcommand(1);

  RunArguments run_arguments;
  CLI::App* const run = app.add_subcommand("run", "be the daemon, in the foreground");
  add_config_option(*run, run_arguments.config_file);

  CheckArguments check_arguments;
  CLI::App* const check =
      app.add_subcommand("check", "read the configuration, print it or its errors");
  add_config_option(*check, check_arguments.config_file);
  check->add_flag("--connect", check_arguments.connect,
                  "also try every destination, and say which would confirm");
  check->footer(
      "Exit code: 0 good; 1 with --connect, a destination did not connect or would not confirm;\n"
      "2 bad usage or configuration");

  StatusArguments status_arguments;
  CLI::App* const status = app.add_subcommand("status", "show the queue and every destination");
  add_config_option(*status, status_arguments.config_file);
  status->add_flag("--json", status_arguments.json, "for programs");
  status->add_flag("--watch", status_arguments.watch, "again every second, with bars");
  status->footer(
      "Exit code: 0 all is well; 1 something needs a look; 2 bad usage or configuration;\n"
      "3 the daemon is not running (what is shown is the queue as it was left)");

  ReceiveArguments receive_arguments;
  CLI::App* const receiver =
      app.add_subcommand("receive", "be a small Graphite server that prints what arrives");
  receiver
      ->add_option("--listen", receive_arguments.listen,
                   "tcp://host:port, udp://host:port, unix:///path or unixgram:///path;\n"
                   "port 0: any free one; may be given more than once")
      ->type_name("ADDRESS")
      ->required();
  receiver->add_flag("--count", receive_arguments.count,
                     "print how many lines came, not the lines");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& stopped) {
    // Zero for --help and --version.
    return app.exit(stopped) == 0 ? kExitGood : kExitBadUsage;
  }
  if (run->parsed()) return run_daemon(run_arguments);
  if (check->parsed()) return check_config(check_arguments);
  if (status->parsed()) return show_status(status_arguments);
  return receive(receive_arguments);
}

}  // namespace
}  // namespace carbon_spool

int main(int argc, char** argv) {
  return carbon_spool::run_command_line(argc, argv);
}
