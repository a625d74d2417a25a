#!/usr/bin/python3
"""A StatsD input beside the real StatsD, one after the other under the same loads.

Three loads: packets of one counter at 500,000 a second; counters in packets of 1,400 bytes at 2.5 million a second;
10,000 timers with 100 values each in an interval. Prints what share of the datagrams was lost, what the server took of
the processor, and its peak resident memory. The sender shares this machine's processors, so what was really sent a
second is printed as well.
"""
import argparse
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import pipeline

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests" / "peers"))
import statsd_peer  # noqa: E402  pylint: disable=wrong-import-position

INTERVAL = 2  # seconds
OURS = """
[queue]
path = "{folder}/queue"
[[input]]
type = "statsd"
listen = ["udp://127.0.0.1:{port}"]
console = "off"
flush_interval = "{interval}s"
[[destination]]
name = "sink"
address = "tcp://127.0.0.1:{sink}"
confirm_every = "1s"
[admin]
socket = "{folder}/admin.sock"
"""


class Sink:
    """Takes lines; adds up the counts that the servers flush of what they received."""

    COUNTS = re.compile(rb"^stats_counts\.statsd\.(packets|metrics)_received ([\d.e+]+)", re.MULTILINE)
    TIMES = re.compile(rb"^stats\.statsd\.(processing_time|graphiteStats\.calculationtime) (\d+)", re.MULTILINE)

    def __init__(self):
        self.received = {b"packets": 0.0, b"metrics": 0.0}
        self.slowest = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.read, args=(self.listener.accept()[0],), daemon=True).start()

    def read(self, connection):
        rest = b""
        with connection:
            while piece := connection.recv(1 << 20):
                lines, _, rest = (rest + piece).rpartition(b"\n")
                for what, count in self.COUNTS.findall(lines):
                    self.received[what] += float(count)
                for _, milliseconds in self.TIMES.findall(lines):
                    self.slowest = max(self.slowest, int(milliseconds))


def free_port():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(server, folder, options, port, sink):
    if server == "carbon-spool":
        config = folder / "carbon-spool.toml"
        config.write_text(OURS.format(folder=folder, port=port, sink=sink, interval=INTERVAL))
        command = [options.program, "run", "--config", config]
    else:
        config = folder / "config.js"
        config.write_text(json.dumps({"port": port, "address": "127.0.0.1", "mgmt_port": free_port(), "graphiteHost": "127.0.0.1",
                                      "graphitePort": sink, "flushInterval": INTERVAL * 1000}))
        command = ["node", pathlib.Path(options.statsd) / "stats.js", config]
    with (folder / "log").open("w") as log:
        return subprocess.Popen(command, stdout=log, stderr=log)


def await_packets(port, sink, process):
    """Until something that is sent comes out."""
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    deadline = time.monotonic() + 30
    while sink.received[b"packets"] == 0 and time.monotonic() < deadline and process.poll() is None:
        try:
            client.sendto(b"probe:1|c", ("127.0.0.1", port))
        except OSError:
            pass
        time.sleep(0.1)
    time.sleep(2 * INTERVAL + 0.5)  # all probes are flushed
    if sink.received[b"packets"] == 0:
        raise SystemExit("the server flushes nothing")


def measure(server, load, options):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        sink = Sink()
        port = free_port()
        process = start(server, folder, options, port, sink.port)
        try:
            await_packets(port, sink, process)
            before, cpu_before = dict(sink.received), pipeline.cpu_seconds(process.pid)
            sink.slowest = 0
            report = subprocess.run([options.tools / "statsd_load", "--port", str(port), *load], check=True,
                                    stdout=subprocess.PIPE, text=True).stdout
            time.sleep(3 * INTERVAL)
            sent = pipeline.numbers(report)
            packets = sink.received[b"packets"] - before[b"packets"]
            values = sink.received[b"metrics"] - before[b"metrics"]
            print(f"  {server:12} sent {sent['packets'] / sent['seconds']:9.0f} packets/s, {sent['values'] / sent['seconds']:9.0f} values/s; "
                  f"lost {100 * (1 - packets / sent['packets']):6.2f} % of the packets; took {values:9.0f} values, "
                  f"{1e6 * (pipeline.cpu_seconds(process.pid) - cpu_before) / max(values, 1):6.3f} us of processor each, "
                  f"peak {pipeline.peak_memory_mib(process.pid):5.0f} MiB, slowest part of a flush {sink.slowest} ms", flush=True)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", default=PROJECT / "build/release/carbon-spool", type=pathlib.Path)
    parser.add_argument("--tools", default=PROJECT / "build/release/bench", type=pathlib.Path)
    parser.add_argument("--seconds", default=10, type=int)
    options = parser.parse_args()
    loads = {
        "one counter a packet, 500,000 packets/s":
            ["--values", 500_000 * options.seconds, "--packets-per-second", 500_000],
        "packets of 1,400 bytes, 2.5 million counters/s":
            ["--values", 2_500_000 * options.seconds, "--packets-per-second", 2_500_000 // 37, "--packet-bytes", 1400],
        "10,000 timers with 100 values each in an interval":
            ["--values", 1_000_000 * options.seconds // INTERVAL, "--packets-per-second", 1_000_000 // 40 // INTERVAL,
             "--packet-bytes", 1400, "--names", 10_000, "--type", "ms"],
    }
    with tempfile.TemporaryDirectory() as folder:
        options.statsd = statsd_peer.install(folder)
        for name, load in loads.items():
            print(name, flush=True)
            for server in ("carbon-spool", "statsd"):
                measure(server, [str(each) for each in load], options)


if __name__ == "__main__":
    main()
