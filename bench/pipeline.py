"""A real daemon between load_generator and counting_sink, measured: what the other benchmarks here share."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
CONFIG = """
[queue]
path = "{folder}/queue"
max_size = "{max_size}"
sync = "{sync}"

[[input]]
type = "graphite"
listen = ["tcp://127.0.0.1:{port}"]

[[destination]]
name = "sink"
type = "graphite"
address = "tcp://127.0.0.1:{sink_port}"

[daemon]
threads = {threads}

[admin]
socket = "{folder}/admin.sock"
{more}
"""


def add_programs(parser):
    add = parser.add_argument
    add("--daemon", type=pathlib.Path, default=PROJECT / "build/release/carbon-spool")
    add("--tools", type=pathlib.Path, default=PROJECT / "build/release/bench",
        help="folder of load_generator and counting_sink")
    add("--temp-dir", help="where queues go for the time: the disk to measure")


def add_options(parser):
    add_programs(parser)
    add = parser.add_argument
    add("--lines", type=int, default=10_000_000)
    add("--series", type=int, default=8_000, help="different metric paths")
    add("--connections", type=int, default=4)
    add("--rate", type=int, default=0, help="lines a second; 0: as many as are taken")
    add("--threads", type=int, default=1, help="ingest threads of the daemon")
    add("--sync", default="1s")
    add("--max-size", default="4GiB", help="room for all lines, or the rest is dropped")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def await_listener(port, daemon, seconds=20):
    """Waits until the daemon takes connections."""
    deadline = time.monotonic() + seconds
    while daemon.poll() is None and time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise SystemExit("the daemon does not listen")


def cpu_seconds(pid):
    """What the process has used so far, user and system."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def disk_written(pid):
    """Bytes that the process has had written to disks so far."""
    text = pathlib.Path(f"/proc/{pid}/io").read_text()
    return int(text.split("write_bytes: ")[1].split("\n")[0])


def peak_memory_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def numbers(line):
    """The name=number pairs of a tool's report."""
    return {name: float(number) for name, number in re.findall(r"(\w+)=([\d.]+)", line)}


class Run:
    """A folder, and processes that do not outlive it; of a run that fails the end of the daemon's log is printed."""

    def __init__(self, options):
        self._options = options
        self._started = []

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="carbon-spool-bench-", dir=self._options.temp_dir))
        return self

    def sink(self, *arguments):
        """A counting_sink, and the port that it listens on."""
        command = [self._options.tools / "counting_sink", "--listen", "127.0.0.1:0", *map(str, arguments)]
        started = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self._started.append(started)
        return started, int(numbers(started.stdout.readline())["port"])

    def daemon(self, config):
        """A daemon with that text as its configuration, `carbon-spool.toml` in the folder."""
        file = self.folder / "carbon-spool.toml"
        file.write_text(config)
        with open(self.folder / "daemon.log", "w") as log:
            started = subprocess.Popen([self._options.daemon, "run", "--config", file], stderr=log)
        self._started.append(started)
        return started

    def __exit__(self, failure, *_):
        for process in self._started:
            if process.poll() is None:
                process.kill()
            process.wait()
        log = self.folder / "daemon.log"
        if failure and log.exists():
            sys.stderr.write("".join(log.read_text().splitlines(keepends=True)[-20:]))
        shutil.rmtree(self.folder)


def generate(options, port, **load):
    """Runs load_generator to its end; its report."""
    command = [options.tools / "load_generator", "--to", f"127.0.0.1:{port}"]
    for name, value in load.items():
        command += [f"--{name}", str(value)]
    return numbers(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


class Measured:
    """Of one run: the tools' reports `sent`, `arrived` (when the last line was in) and `end`, and the
    daemon's own processor seconds and peak memory."""

    def __init__(self, options, sent, arrived, end, cpu, memory):
        self.lines = options.lines
        self.sent = sent
        self.arrived = arrived
        self.end = end
        self.memory_mib = memory
        self.cpu_per_million = cpu / options.lines * 1e6
        self.lines_per_second = options.lines / arrived["seconds"]


def measure(options, more="", during=None):
    """One run; `more` is put behind the daemon's configuration. `during`: given the daemon's number, starts a process
    that ends with it."""
    with Run(options) as run:
        sink, sink_port = run.sink("--expect", options.lines)
        port = free_port()
        daemon = run.daemon(CONFIG.format(folder=run.folder, port=port, sink_port=sink_port, more=more, **vars(options)))
        await_listener(port, daemon)
        observer = during(daemon.pid) if during else None

        before = cpu_seconds(daemon.pid)
        load = {name: getattr(options, name) for name in ("lines", "series", "connections", "rate")}
        sent = generate(options, port, **load)
        arrived = numbers(sink.stdout.readline())
        used = cpu_seconds(daemon.pid) - before
        memory = peak_memory_mib(daemon.pid)

        daemon.send_signal(signal.SIGTERM)
        daemon.wait(timeout=60)
        sink.wait(timeout=60)
        if observer:
            observer.wait(timeout=60)
        return Measured(options, sent, arrived, numbers(sink.stdout.read()), used, memory)
