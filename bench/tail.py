#!/usr/bin/python3
"""Log files that are followed: ten thousand lines a second on each of twenty at once.

Prints the lines a second that were really written, when all was read after the last of them, what the daemon
took of the processor, and its peak resident memory; with lines that are points, and with access logs that are counted.
"""

import argparse
import json
import signal
import subprocess
import time

import pipeline

CONFIG = """
[queue]
path = "{folder}/queue"
max_size = "4GiB"

[[input]]
type = "tail"
path = "{folder}/logs/*.log"
start = "beginning"
parser = "{parser}"

[[destination]]
name = "sink"
address = "tcp://127.0.0.1:{sink_port}"

[admin]
socket = "{folder}/admin.sock"
"""
TICK = 0.05  # seconds a piece


def piece_of(parser, file, lines):
    if parser == "graphite":
        line = "servers.web{:02}.app.requests.m{:04} {}.25 1700000000\n"
    else:
        line = '10.0.{}.7 - - [25/Feb/2014:09:40:17 +0000] "GET /some/page/{} HTTP/1.1" 200 {} "-" "Mozilla/5.0"\n'
    return "".join(line.format(file, i, i * 7) for i in range(lines)).encode()


def files_of(options, config):
    status = subprocess.run([options.daemon, "status", "--json", "--config", config], stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, check=False)  # fmt: skip
    return json.loads(status.stdout)["inputs"][0]["files"]


def bytes_behind(options, config):
    return sum(each["size"] - each["offset"] for each in files_of(options, config))


def await_files(options, config, daemon, seconds=20):
    deadline = time.monotonic() + seconds
    while daemon.poll() is None and time.monotonic() < deadline:
        try:
            if len(files_of(options, config)) == options.files:
                return
        except (ValueError, KeyError, IndexError):
            pass  # it is just starting
        time.sleep(0.1)
    raise SystemExit("the daemon does not follow the files")


def write(options, logs, parser):
    """Writes the load; returns the seconds that it took."""
    pieces = [piece_of(parser, number, int(options.rate * TICK)) for number in range(len(logs))]
    begin = time.monotonic()
    ticks = int(options.seconds / TICK)
    for tick in range(ticks):
        for log, piece in zip(logs, pieces):
            log.write(piece)
        time.sleep(max(0.0, begin + (tick + 1) * TICK - time.monotonic()))
    return time.monotonic() - begin


def measure(options, parser, run):
    folder = run.folder
    (folder / "logs").mkdir()
    logs = [open(folder / "logs" / f"{number:02}.log", "ab", 0) for number in range(options.files)]
    _, sink_port = run.sink()
    daemon = run.daemon(CONFIG.format(folder=folder, parser=parser, sink_port=sink_port))
    config = folder / "carbon-spool.toml"
    await_files(options, config, daemon)

    cpu = pipeline.cpu_seconds(daemon.pid)
    seconds = write(options, logs, parser)
    end = time.monotonic()
    while bytes_behind(options, config) > 0:
        time.sleep(0.05)
    rest = time.monotonic() - end
    cpu = pipeline.cpu_seconds(daemon.pid) - cpu
    lines = options.files * int(options.rate * TICK) * int(options.seconds / TICK)
    print(f"{parser:12} {options.files} files, {lines / seconds:9,.0f} lines/s; all are read "
          f"{rest:.2f} s after the last; {100 * cpu / (seconds + rest):5.1f} % of a processor, "
          f"{1e6 * cpu / lines:.3f} us a line; peak {pipeline.peak_memory_mib(daemon.pid):.0f} MiB", flush=True)  # fmt: skip
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(60)
    for log in logs:
        log.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pipeline.add_programs(parser)
    add = parser.add_argument
    add("--files", type=int, default=20)
    add("--rate", type=int, default=10_000, help="lines a second on each file")
    add("--seconds", type=float, default=20)
    add("--parser", choices=("graphite", "http_status"), action="append", help="both if none is given")
    options = parser.parse_args()
    for name in options.parser or ("graphite", "http_status"):
        with pipeline.Run(options) as run:
            measure(options, name, run)


main()
