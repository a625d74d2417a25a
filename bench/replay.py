#!/usr/bin/python3
"""A destination comes back to a large backlog: how fast is it replayed, and do live points wait?

Fills the queue of a real daemon while its destination is down, goes on sending live points, starts
the destination, and looks at what arrives from its side, second by second. Prints the replay rate and
the longest delay of a live point, exits with 1 if they are not as promised (rate within 5 %, delay
within a second), and draws both with --plot.
"""
import argparse
import pathlib
import statistics
import sys
import tempfile
import threading
import time

PROJECT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests" / "end_to_end"))

import harness  # pylint: disable=wrong-import-position
import peers  # pylint: disable=wrong-import-position

LIVE_EVERY = 0.02  # seconds
RATE_TOLERANCE = 0.05
LONGEST_DELAY = 1.0  # seconds


class Arrivals:
    """What arrived in each second of the destination's new life, and how late live points were."""

    def __init__(self):
        self.begun = None
        self.seconds = {}  # second: [live, backlog]
        self.backlog_at = []  # (moment, backlog points so far)
        self.backlog = 0
        self.worst_delay = 0.0

    def __call__(self, lines):
        now = time.time()
        if self.begun is None:
            self.begun = now
        live = lines.count(b"live.")
        backlog = lines.count(b"\n") - live
        counts = self.seconds.setdefault(int(now - self.begun), [0, 0])
        counts[0] += live
        counts[1] += backlog
        if backlog:
            self.backlog += backlog
            self.backlog_at.append((now, self.backlog))
        if live:
            for line in lines.splitlines():
                if line.startswith(b"live."):
                    sent = float(line.split()[1])
                    if sent > self.begun:  # what came before it was up is backlog too
                        self.worst_delay = max(self.worst_delay, now - sent)

    def replay_rate(self):
        """Points per second between a tenth and nine tenths of the backlog."""
        first, last = 0.1 * self.backlog, 0.9 * self.backlog
        begin = next(each for each in self.backlog_at if each[1] >= first)
        end = next(each for each in self.backlog_at if each[1] >= last)
        return (end[1] - begin[1]) / (end[0] - begin[0])


class LiveLoad(threading.Thread):
    """Sends `rate` points a second, each with the moment of its sending as its value."""

    def __init__(self, url, rate):
        super().__init__(daemon=True)
        self._client = harness.connect(url)
        self._rate = rate
        self._ended = threading.Event()
        self.sent = 0

    def run(self):
        begun = time.monotonic()
        while not self._ended.wait(LIVE_EVERY):
            due = int((time.monotonic() - begun) * self._rate) - self.sent
            now = time.time()
            self._client.sendall(b"".join(b"live.%d %.6f %d\n" % (i, now, now) for i in range(due)))
            self.sent += due

    def end(self):
        self._ended.set()
        self.join()
        harness.half_close(self._client)


def fill(url, points):
    """Sends the backlog, confirmed piece by piece."""
    piece = 100_000
    stamp = int(time.time()) - 3600
    for first in range(0, points, piece):
        count = min(piece, points - first)
        lines = b"".join(b"backlog.%08d %d %d\n" % (first + i, i, stamp) for i in range(count))
        if not harness.send(url, lines):
            raise SystemExit("the backlog was not accepted")


def plot(seconds, path, rate):
    """Two lines over time, as SVG."""
    width, height, left, bottom = 760, 300, 70, 40
    last = max(seconds)
    top = 1.15 * max(max(counts) for counts in seconds.values())
    x = lambda second: left + second * (width - left - 20) / max(last, 1)
    y = lambda count: height - bottom - count * (height - bottom - 20) / top
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">',
        f'<rect width="{width}" height="{height}" fill="white"/>',
    ]
    step = 10 ** (len(str(int(top))) - 1)
    for count in range(0, int(top), step if top / step > 3 else step // 2):
        out.append(f'<path d="M{left} {y(count):.1f}H{width - 20}" stroke="#ddd"/>')
        out.append(f'<text x="{left - 8}" y="{y(count) + 4:.1f}" text-anchor="end">{count:,}</text>')
    for second in range(0, last + 1, max(1, last // 10)):
        out.append(f'<text x="{x(second):.1f}" y="{height - bottom + 16}" text-anchor="middle">{second}</text>')
    out.append(f'<text x="{(left + width) / 2}" y="{height - 6}" text-anchor="middle">seconds since the destination is back</text>')
    out.append(f'<text x="{left}" y="14">points that arrived in each second (replay_rate = {rate})</text>')
    for index, (name, colour) in enumerate((("live", "#1b7837"), ("backlog", "#762a83"))):
        line = " ".join(f"{x(second):.1f},{y(seconds.get(second, [0, 0])[index]):.1f}" for second in range(last + 1))
        out.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        out.append(f'<text x="{width - 24}" y="{36 + 16 * index}" text-anchor="end" fill="{colour}">{name}</text>')
    out.append("</svg>")
    pathlib.Path(path).write_text("\n".join(out) + "\n", encoding="utf-8")


def measure(options, folder):
    arrivals = Arrivals()
    receiver = peers.Receiver(arrivals)
    daemon = harness.Daemon(
        pathlib.Path(folder) / "daemon",
        [{"name": "sink", "type": "graphite", "address": receiver.url, "backoff_max": "1s",
          "replay_rate": options.rate}],
    )  # fmt: skip
    daemon.start()
    try:
        fill(daemon.listening(), options.backlog)
        load = LiveLoad(daemon.listening(), options.live)
        load.start()
        before = daemon.to("sink")["points_pending"]
        receiver.start()
        harness.wait_until(
            lambda: arrivals.backlog >= options.backlog, "the backlog arrives", 3 * options.backlog / options.rate + 60
        )
        load.end()
        daemon.wait_delivered("sink")
    finally:
        daemon.terminate()
        receiver.close()
    print(f"backlog when it came back: {before:,} points; live meanwhile: {options.live:,} points/s")
    return arrivals


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backlog", type=int, default=5_000_000, help="points")
    parser.add_argument("--rate", type=int, default=50_000, help="replay_rate")
    parser.add_argument("--live", type=int, default=10_000, help="live points a second")
    parser.add_argument("--plot", help="where to write an SVG of what arrived in each second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        arrivals = measure(options, folder)
    rate = arrivals.replay_rate()
    whole = [counts[1] for second, counts in sorted(arrivals.seconds.items())][1:-2]
    print(f"replay: {rate:,.0f} points/s, {rate / options.rate - 1:+.1%} of replay_rate; "
          f"in single seconds {min(whole):,} to {max(whole):,}, median {statistics.median(whole):,.0f}")  # fmt: skip
    print(f"longest delay of a live point: {arrivals.worst_delay * 1000:.0f} ms")
    if options.plot:
        plot(arrivals.seconds, options.plot, options.rate)
    well = abs(rate / options.rate - 1) <= RATE_TOLERANCE and arrivals.worst_delay <= LONGEST_DELAY
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
