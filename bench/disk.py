#!/usr/bin/python3
"""What waiting costs in disk, and how much is written for it.

Ten million points of 500 hosts with 16 series each, whose values drift, first with a server that keeps up, then
with one that is down. Prints what `du` sees for each point that waits, a minute after the last, and the write
amplification: bytes that the daemon had written to the disk, for each byte of plaintext.
"""

import argparse
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

import pipeline


def du(folder):
    return int(subprocess.run(["du", "-sB1", folder], capture_output=True, text=True, check=True).stdout.split()[0])


def measure(options, folder, up):
    sink = subprocess.Popen(
        [str(options.tools / "counting_sink"), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )
    sink_port = int(pipeline.numbers(sink.stdout.readline())["port"])
    if not up:
        sink.kill()
        sink.wait()
    port = pipeline.free_port()
    config = folder / "carbon-spool.toml"
    config.write_text(
        pipeline.CONFIG.format(folder=folder, port=port, sink_port=sink_port, more="", max_size="4GiB", sync="1s", threads=1)
    )
    with open(folder / "log", "w") as log:
        daemon = subprocess.Popen([options.daemon, "run", "--config", config], stderr=log)
    try:
        pipeline.await_listener(port, daemon)
        written = pipeline.disk_written(daemon.pid)
        generator = subprocess.run(
            [str(options.tools / "load_generator"), "--to", f"127.0.0.1:{port}", "--lines", str(options.points),
             "--connections", "4", "--rate", str(options.rate)],
            stdout=subprocess.PIPE, text=True, check=True)  # fmt: skip
        plaintext = pipeline.numbers(generator.stdout)["bytes"]
        time.sleep(options.wait)
        used = du(folder / "queue")
        state = "keeps up" if up else "is down"
        amplification = (pipeline.disk_written(daemon.pid) - written) / plaintext
        print(f"a server that {state}: {used / (1 << 20):,.1f} MiB on disk", end="")
        if not up:
            print(f", {used / options.points:.2f} bytes a waiting point", end="")
        print(f"; {amplification:.2f} bytes written for each byte of plaintext")
    finally:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(60)
        if up:
            sink.terminate()
            sink.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pipeline.add_programs(parser)
    add = parser.add_argument
    add("--points", type=int, default=10_000_000)
    add("--rate", type=int, default=1_000_000, help="points a second")
    add("--wait", type=float, default=60, help="seconds after the last")
    options = parser.parse_args()
    for up in (True, False):
        folder = pathlib.Path(tempfile.mkdtemp(prefix="carbon-spool-bench-", dir=options.temp_dir))
        try:
            measure(options, folder, up)
        finally:
            shutil.rmtree(folder)


main()
