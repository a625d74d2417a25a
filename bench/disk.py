#!/usr/bin/python3
"""What waiting costs in disk, and how much is written for it.

Ten million points of 500 hosts with 16 series each, whose values drift, first with a server that keeps up, then
with one that is down. Prints what `du` sees for each point that waits, a minute after the last, and the write
amplification: bytes that the daemon had written to the disk, for each byte of plaintext.
"""

import argparse
import signal
import subprocess
import time

import pipeline


def du(folder):
    return int(subprocess.run(["du", "-sB1", folder], capture_output=True, text=True, check=True).stdout.split()[0])


def measure(options, run, up):
    sink, sink_port = run.sink()
    if not up:
        sink.kill()
        sink.wait()
    port = pipeline.free_port()
    daemon = run.daemon(
        pipeline.CONFIG.format(
            folder=run.folder, port=port, sink_port=sink_port, more="", max_size="4GiB", sync="1s", threads=1
        )
    )
    pipeline.await_listener(port, daemon)
    written = pipeline.disk_written(daemon.pid)
    sent = pipeline.generate(options, port, lines=options.points, connections=4, rate=options.rate)
    time.sleep(options.wait)
    used = du(run.folder / "queue")
    state = "keeps up" if up else "is down"
    amplification = (pipeline.disk_written(daemon.pid) - written) / sent["bytes"]
    print(f"a server that {state}: {used / (1 << 20):,.1f} MiB on disk", end="")
    if not up:
        print(f", {used / options.points:.2f} bytes a waiting point", end="")
    print(f"; {amplification:.2f} bytes written for each byte of plaintext")
    daemon.send_signal(signal.SIGTERM)
    daemon.wait(60)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pipeline.add_programs(parser)
    add = parser.add_argument
    add("--points", type=int, default=10_000_000)
    add("--rate", type=int, default=1_000_000, help="points a second")
    add("--wait", type=float, default=60, help="seconds after the last")
    options = parser.parse_args()
    for up in (True, False):
        with pipeline.Run(options) as run:
            measure(options, run, up)


main()
