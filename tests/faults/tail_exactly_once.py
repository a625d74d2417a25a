"""A log writer and a rotator at random moments, against a daemon that follows the log and is killed at random.

    tail_exactly_once.py [--seed N] [--lines N] [--parser graphite|regex] [--rotation renamed|copied|both] [--keep]

Lines are numbered, and each must count once: with `graphite` each is a point, and the input's own count must be that of
the lines; with `regex` they are counted and added up in intervals, and the sums over all intervals must be right, for
each hundredth of the lines, while no point may ever have two values. The log is renamed (with a new file at once or
late, while the writer goes on in the old one), copied and truncated (under writers that append and under such that keep
their offset), several times in a row, and compressed; lines are left half for a while; some writers die with half a
line: where the log is only renamed, since after a copy the other half is what comes next.
No generation is removed. The exit code is 1 if a line was lost or counted twice.
"""

import argparse
import collections
import itertools
import random
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import scene  # noqa: F401  first: it lets the others find tests/end_to_end

import harness
import peers
import points
from harness import wait_until
from log_files import Log

LINES = harness.sized(50_000, 1_000_000, 10_000)
PIECES = 100  # whose sums are looked at by themselves
RATE = 6_000  # lines a second, about
ROTATIONS = 60  # in the whole run, about; bursts count once
ROTATION = ("renamed", "copied", "both")
TORN = b"torn line of a writer that died"


class Numbered:
    """What the lines of a parser are, and whether each came once."""

    def __init__(self, lines):
        self.lines = lines
        self.broken = []

    def expect(self, holds, what):
        if not holds:
            self.broken.append(what)


class AsPoints(Numbered):
    keys = {}

    def __init__(self, lines):
        super().__init__(lines)
        self.checks = points.CheckList(lines)

    def text(self, first, last):
        return points.plain(first, last)

    def take(self, lines):
        self.checks(lines)

    def arrived(self):
        return self.checks.unique

    def judge(self, tail, torn):
        missing = self.checks.missing(0, self.lines)
        self.expect(not missing, f"{len(missing)} lines never came, such as {missing[:5]}")
        self.expect(self.checks.strange == 0, f"strange lines arrived: {self.checks.strange_examples}")
        self.expect(tail["points_total"] == self.lines, f"{tail['points_total']} points of {self.lines} lines")
        # `kill -9` may lose the last second of this count.
        self.expect(tail["rejected_total"] <= torn, f"{tail['rejected_total']} refused, {torn} were written")


class AsCounts(Numbered):
    MATCH = "^event (?P<piece>[0-9]+) (?P<number>[0-9]+) end$"
    keys = {
        "parser": "regex", "flush_interval": "1s", "hostname_method": "none",
        "metric": [{"match": MATCH, "name": "count.{piece}"},
                   {"match": MATCH, "name": "sum.{piece}", "value": "number"}],
    }  # fmt: skip

    def __init__(self, lines):
        super().__init__(lines)
        self._values = {}
        self._fragment = b""
        self._step = -(-lines // PIECES)

    def text(self, first, last):
        return b"".join(b"event %d %d end\n" % (i // self._step, i) for i in range(first, last))

    def take(self, lines):
        for line in lines.decode().splitlines():
            name, value, stamp = line.split(" ")
            before = self._values.setdefault((name, stamp), value)
            self.expect(before == value, f"{name} at {stamp} was {before}, and then {value}")

    def _sums(self):
        sums = collections.Counter()
        for (name, _), value in list(self._values.items()):
            sums[name] += round(float(value))
        return sums

    def arrived(self):
        return sum(value for name, value in self._sums().items() if name.startswith("count."))

    def judge(self, tail, torn):
        sums = self._sums()
        for first in range(0, self.lines, self._step):
            numbers = range(first, min(first + self._step, self.lines))
            piece = first // self._step
            count, total = sums[f"count.{piece}"], sums[f"sum.{piece}"]
            self.expect(count == len(numbers) and total == sum(numbers),
                        f"lines {numbers}: {count} counted, not {len(numbers)}; their sum is {total - sum(numbers)} off")  # fmt: skip
        self.expect(tail["rejected_total"] == 0, f"{tail['rejected_total']} refused")


class Writer:
    """Appends numbered lines, in pieces; opens the log anew some time after it was renamed. What it does happens under
    `lock`."""

    def __init__(self, log, numbered, rng, lock, dies):
        self.at = 0
        self.torn = 0
        self._dies = dies  # now and then, with half a line
        self.inode = None  # of the file that it writes to
        self.must_reopen = False
        self._log = log
        self._numbered = numbered
        self._rng = rng
        self._lock = lock
        self._file = None
        self._rest = b""  # of a line whose first half is written
        self._chunks_until_open = 0
        self.thread = harness.Background(self._run)

    @property
    def ended(self):
        return self.at >= self._numbered.lines

    def _run(self):
        while not self.ended:
            with self._lock:
                self.write()
            time.sleep(self._rng.expovariate(20))
        with self._lock:
            self.finish_line()
            self._file.close()

    def write(self, at_once=False):
        """Lines, the last of which may be left half for a while."""
        if self.ended:
            return
        self._open(at_once)
        last = min(self.at + self._rng.randrange(1, RATE // 10), self._numbered.lines)
        data = self._rest + self._numbered.text(self.at, last)
        cut = self._rng.randrange(len(data)) if self._rng.random() < 0.5 else len(data)
        self._file.write(data[:cut])
        self._rest = data[cut:]
        self.at = last

    def finish_line(self):
        self._file.write(self._rest)
        self._rest = b""

    def _open(self, at_once):
        if self._file is not None:
            self._chunks_until_open -= 1
            if not self.must_reopen or (self._chunks_until_open > 0 and not at_once):
                return
            self.finish_line()
            if self._dies and self._rng.random() < 0.2:
                self._file.write(TORN)
                self.torn += 1
            self._file.close()
        self.must_reopen = False
        appends = self._rng.random() < 0.6
        self._file = self._log.path.open("ab" if appends else "r+b" if self._log.path.exists() else "xb", 0)
        self._file.seek(0, 2)
        self.inode = self._log.path.stat().st_ino

    def log_was_renamed(self):
        self.must_reopen = True
        self._chunks_until_open = self._rng.randrange(1, 8)


class Rotator:
    """Rotates until the writer has ended."""

    def __init__(self, log, writer, rng, lock, pause, rotation):
        self._ways = {"renamed": (self._rename,), "copied": (self._copy,)}.get(rotation, (self._rename, self._copy))
        self.done = collections.Counter()
        self._log = log
        self._writer = writer
        self._rng = rng
        self._lock = lock
        self._pause = pause
        self.thread = harness.Background(self._run)

    def _run(self):
        while not self._writer.ended:
            time.sleep(self._rng.expovariate(1 / self._pause))
            how = self._rng.choice((*self._ways, *self._ways, self._burst))
            with self._lock:
                how()
                self._compress()

    def _has_writer(self):
        """Not if it has not yet opened what the last rename left."""
        return self._log.path.exists() and self._log.path.stat().st_ino == self._writer.inode

    def _rename(self):
        if self._has_writer():
            self._log.rename(create=self._rng.random() < 0.5)
            self._writer.log_was_renamed()
            self.done["rename"] += 1

    def _copy(self):
        """What is written between copy and truncation is lost, and so is a line whose halves are in two files."""
        if self._has_writer() and not self._writer.ended:
            self._writer.finish_line()
            self._log.copy_and_truncate()
            self.done["copy and truncate"] += 1

    def _burst(self):
        """Several with little between."""
        self.done["burst"] += 1
        for _ in range(self._rng.randrange(2, 5)):
            self._rng.choice(self._ways)()
            self._writer.write(at_once=True)

    def _compress(self):
        """What nobody writes to any more."""
        for number in self._log.generations():
            path = self._log.generation(number)
            if path.suffix != ".gz" and path.stat().st_ino != self._writer.inode and self._rng.random() < 0.5:
                self._log.compress(number)
                self.done["compress"] += 1


class Run:
    """One log, one daemon, one receiver."""

    def __init__(self, numbered, seed, rotation):
        self._rng = random.Random(seed)
        self._rotation = rotation
        self._numbered = numbered
        self.folder = Path(tempfile.mkdtemp(prefix="carbon-spool-tail-"))
        self._log = Log(self.folder / "logs" / "app.log")
        self._receiver = peers.Receiver(numbered.take).start()
        inputs = [{"type": "tail", "path": str(self._log.path), "start": "beginning", **numbered.keys}]
        self.daemon = harness.Daemon(self.folder / "daemon", [harness.destination(self._receiver.url)], inputs)
        self.kills = 0

    def play(self):
        self.daemon.start()
        lock = threading.Lock()
        seconds = self._numbered.lines / RATE
        writer = Writer(self._log, self._numbered, random.Random(self._rng.random()), lock, self._rotation == "renamed")
        pause = seconds / ROTATIONS
        rotator = Rotator(self._log, writer, random.Random(self._rng.random()), lock, pause, self._rotation)
        while not writer.ended:
            time.sleep(self._rng.uniform(0.05, 2))
            self._kill()
        writer.thread.finish()
        rotator.thread.finish()
        self._settle()
        status = self.daemon.now()
        self._numbered.judge(status["inputs"][0], writer.torn)
        self._check_identity(status)
        self._numbered.expect(self.daemon.terminate() == 0, "the daemon ends well")
        done = ", ".join(f"{count} {what}" for what, count in sorted(rotator.done.items()))
        print(f"  {writer.at:,} lines, {self.kills} kills, {done}, {writer.torn} torn", flush=True)

    def _kill(self):
        self.daemon.kill()
        self.kills += 1
        # Mostly at once, sometimes after several rotations.
        time.sleep(self._rng.choice((0, 0, 0.1, 1.0)))
        self.daemon.start()

    def _settle(self):
        try:
            wait_until(lambda: self._numbered.arrived() >= self._numbered.lines, "all lines arrive", pause=0.2)
        except AssertionError as failure:
            self._numbered.expect(False, str(failure))
        # What is counted twice would come now.
        harness.wait_until_still(
            lambda: (self._numbered.arrived(), self.daemon.now()["inputs"][0]["rejected_total"]), 2.5, "all is read"
        )
        self.daemon.wait_delivered()

    def _check_identity(self, status):
        try:
            harness.EndToEnd().assert_adds_up(status)
        except AssertionError as breach:
            self._numbered.expect(False, f"the numbers do not add up: {breach}")

    def clean_up(self, keep):
        if self.daemon.running:
            self.daemon.kill()
        self._receiver.close()
        if keep:
            print(f"--- {self.daemon.log}, its end\n{self.daemon.log_tail(30)}\n--- all is in {self.folder}", file=sys.stderr)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


def main():
    kinds = {"graphite": AsPoints, "regex": AsCounts}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--parser", choices=kinds, action="append")
    parser.add_argument("--rotation", choices=ROTATION, action="append")
    parser.add_argument("--keep", action="store_true", help="logs and queue, if something is wrong")
    options = parser.parse_args()
    broken = []
    for name, rotation in itertools.product(options.parser or kinds, options.rotation or ROTATION):
        print(f"{name}, {rotation}: seed {options.seed}", flush=True)
        numbered = kinds[name](options.lines // len(options.rotation or ROTATION))
        run = Run(numbered, options.seed, rotation)
        try:
            run.play()
        except BaseException:
            run.clean_up(keep=True)
            raise
        run.clean_up(options.keep and numbered.broken)
        for promise in numbered.broken[:10]:
            print(f"BROKEN: {promise}")
        broken += numbered.broken
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
