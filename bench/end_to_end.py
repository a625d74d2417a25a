#!/usr/bin/python3
"""Sends lines through a real daemon: load_generator -> carbon-spool -> counting_sink.

Prints how many lines a second arrived and what the daemon alone took for them: processor seconds
a million lines, and its peak resident memory. All three programs share this machine's processors,
so the rate says less than the processor seconds do.
"""
import argparse
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
"""


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


def peak_memory_mib(pid):
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024


def numbers(line):
    """The name=number pairs of a tool's report."""
    return {name: float(number) for name, number in re.findall(r"(\w+)=([\d.]+)", line)}


def measure(options, folder, started):
    """One run; every process it starts is put into `started`."""
    sink_command = [options.tools / "counting_sink", "--listen", "127.0.0.1:0"]
    sink_command += ["--expect", str(options.lines)]
    sink = subprocess.Popen(sink_command, stdout=subprocess.PIPE, text=True)
    started.append(sink)
    sink_port = int(numbers(sink.stdout.readline())["port"])

    port = free_port()
    config = folder / "carbon-spool.toml"
    config.write_text(CONFIG.format(folder=folder, port=port, sink_port=sink_port, **vars(options)))
    with open(folder / "daemon.log", "w") as log:
        daemon = subprocess.Popen([options.daemon, "run", "--config", config], stderr=log)
    started.append(daemon)
    await_listener(port, daemon)

    before = cpu_seconds(daemon.pid)
    generator_command = [options.tools / "load_generator", "--to", f"127.0.0.1:{port}"]
    for option in ("lines", "connections", "rate"):
        generator_command += [f"--{option}", str(getattr(options, option))]
    generator = subprocess.run(generator_command, stdout=subprocess.PIPE, text=True, check=True)
    arrived = numbers(sink.stdout.readline())
    used = cpu_seconds(daemon.pid) - before
    memory = peak_memory_mib(daemon.pid)

    daemon.send_signal(signal.SIGTERM)
    daemon.wait(timeout=60)
    sink.wait(timeout=60)
    end = numbers(sink.stdout.read())
    return numbers(generator.stdout), arrived, used, memory, end


def report(options, sent, arrived, used, memory, end):
    million = options.lines / 1e6
    print(f"lines sent                        {options.lines:,} in {sent['seconds']:.2f} s, "
          f"confirmed: {options.lines / sent['seconds']:,.0f} a second")
    print(f"lines arrived                     {options.lines:,} in {arrived['seconds']:.2f} s: "
          f"{options.lines / arrived['seconds']:,.0f} a second")
    print(f"sent again                        {end['lines'] - options.lines:,.0f}")
    print(f"daemon, cpu s a million lines     {used / million:.3f}")
    print(f"daemon, peak resident memory      {memory:.1f} MiB")
    print(f"generator, cpu s a million lines  {sent['cpu_seconds'] / million:.3f}")
    print(f"sink, cpu s a million lines       {arrived['cpu_seconds'] / million:.3f}")


def parsed_options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--daemon", type=pathlib.Path, default=PROJECT / "build/release/carbon-spool")
    add("--tools", type=pathlib.Path, default=PROJECT / "build/release/bench",
        help="folder of load_generator and counting_sink")
    add("--lines", type=int, default=10_000_000)
    add("--connections", type=int, default=4)
    add("--rate", type=int, default=0, help="lines a second; 0: as many as are taken")
    add("--threads", type=int, default=1, help="ingest threads of the daemon")
    add("--sync", default="1s")
    add("--max-size", default="4GiB", help="room for all lines, or the rest is dropped")
    add("--temp-dir", help="where the queue goes for the time: the disk to measure")
    return parser.parse_args()


def main():
    options = parsed_options()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="carbon-spool-bench-", dir=options.temp_dir))
    started = []
    try:
        report(options, *measure(options, folder, started))
    except BaseException:
        log = folder / "daemon.log"
        if log.exists():
            sys.stderr.write("".join(log.read_text().splitlines(keepends=True)[-20:]))
        raise
    finally:
        for process in started:
            if process.poll() is None:
                process.kill()
        shutil.rmtree(folder)


main()
