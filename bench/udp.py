#!/usr/bin/python3
"""Datagrams of one Graphite line a second that are received with no loss, by carbon-spool and by carbon-c-relay.

The rate is doubled until something is lost, then the gap is halved a few times. What arrives at a sink counts.
"""

import argparse
import pathlib
import shutil
import subprocess
import tempfile
import time

import forwarders
import pipeline

FIRST_RATE = 1_000
MOST = 3_200_000  # more than the sender can
HALVINGS = 3


def lost(kind, options, rate):
    """(the share of the datagrams that never arrived, those sent a second)"""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="carbon-spool-bench-"))
    sink = subprocess.Popen(
        [str(options.tools / "counting_sink"), "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True
    )
    sink_port = int(pipeline.numbers(sink.stdout.readline())["port"])
    forwarder = kind(folder, pipeline.free_port(), [("127.0.0.1", sink_port)], False)
    try:
        forwarder.start()
        lines = int(rate * options.seconds)
        load = [options.tools / "statsd_load", "--port", forwarder.port, "--values", lines,
                "--packets-per-second", rate, "--type", "graphite"]  # fmt: skip
        done = subprocess.run([str(part) for part in load], stdout=subprocess.PIPE, text=True, check=True)
        sent = pipeline.numbers(done.stdout)
        time.sleep(2)  # what is in its queues arrives
        forwarder.stop()
        sink.terminate()
        arrived = pipeline.numbers(sink.communicate(timeout=60)[0])["lines"]
        return 1 - arrived / sent["packets"], sent["packets"] / sent["seconds"]
    finally:
        for process in (forwarder.process, sink):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(folder)


def most_without_loss(kind, options):
    good, bad, rate, sent = 0, None, FIRST_RATE, 0
    halvings = 0
    while halvings < HALVINGS and rate <= MOST:
        share, really = lost(kind, options, rate)
        print(f"  {kind.name}: {really:,.0f} datagrams/s, {100 * share:.2f} % lost", flush=True)
        if share <= 0:
            good, sent = rate, really
            if really < 0.9 * rate:
                break  # the sender cannot send more
        else:
            bad = rate
        halvings += bad is not None
        rate = good * 2 if bad is None else (good + bad) // 2
    return sent


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", type=pathlib.Path, default=pipeline.PROJECT / "build/release/bench")
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    ours, theirs = (most_without_loss(kind, options) for kind in (forwarders.CarbonSpool, forwarders.CarbonCRelay))
    print(f"carbon-spool {ours:,.0f}, carbon-c-relay {theirs:,.0f} datagrams/s with no loss", end="")
    print(f": {ours / theirs:.1f} times" if theirs else "")


main()
