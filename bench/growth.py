#!/usr/bin/python3
"""How lines a second and processor seconds a million lines change with connections, with servers, and with what
waits for a server that is down.

Each point of a curve is the median of several runs of one daemon anew. What waits is told in bytes of plaintext.
"""

import argparse
import signal
import statistics

import pipeline

CONNECTIONS = (1, 10, 100, 1_000, 10_000)
SINKS = (1, 3, 10)
WAITING_GB = (0, 1, 10)
LINE_BYTES = 65  # of what the generator sends, about


def configuration(folder, port, sink_ports, dead):
    first, *rest = sink_ports
    more = "".join(f'[[destination]]\nname = "sink-{each}"\naddress = "tcp://127.0.0.1:{each}"\n' for each in rest)
    if dead:
        more += f'[[destination]]\nname = "down"\naddress = "tcp://127.0.0.1:{pipeline.free_port()}"\n'
    return pipeline.CONFIG.format(
        folder=folder, port=port, sink_port=first, more=more, max_size="30GiB", sync="1s", threads=1
    )


def measure(options, run, connections=1, sinks=1, waiting_gb=0):
    """(lines a second, processor seconds a million)"""
    before_lines = int(waiting_gb * 1e9 / LINE_BYTES)
    receivers = [run.sink("--expect", before_lines + options.lines) for _ in range(sinks)]
    port = pipeline.free_port()
    daemon = run.daemon(configuration(run.folder, port, [each for _, each in receivers], waiting_gb > 0))
    pipeline.await_listener(port, daemon)
    if before_lines:
        pipeline.generate(options, port, lines=before_lines, connections=1)
    used = pipeline.cpu_seconds(daemon.pid)
    sent = pipeline.generate(options, port, lines=options.lines, connections=connections)
    for sink, _ in receivers:
        sink.stdout.readline()
    used = pipeline.cpu_seconds(daemon.pid) - used
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(60)
    return options.lines / sent["seconds"], used / options.lines * 1e6


def curve(options, title, name, values):
    print(f"\n| {title} | lines/s | cpu s a million |\n|---|---|---|", flush=True)
    for value in values:
        runs = []
        for _ in range(options.runs):
            with pipeline.Run(options) as run:
                runs.append(measure(options, run, **{name: value}))
        speed, cpu = (statistics.median(column) for column in zip(*runs))
        print(f"| {value:,} | {speed:,.0f} | {cpu:.3f} |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pipeline.add_programs(parser)
    add = parser.add_argument
    add("--lines", type=int, default=10_000_000)
    add("--runs", type=int, default=3)
    options = parser.parse_args()
    curve(options, "connections", "connections", CONNECTIONS)
    curve(options, "servers", "sinks", SINKS)
    curve(options, "GB waiting", "waiting_gb", WAITING_GB)


main()
