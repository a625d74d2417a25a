"""The real bpftrace writes histograms to a log, logrotate rotates it in both of its ways, Graphite and the daemon are
away for a while: in the Whisper files every count is there once."""

import math
import re
import shutil
import signal
import subprocess
import time
from collections import Counter

import harness
from carbon_programs import CarbonCache
from harness import destination, wait_until

# @expected is never cleared: at its end bpftrace prints what all intervals together have counted.
SCRIPT = """
interval:ms:20 { $v = rand % 5000; @usecs = hist($v); @expected = hist($v); }
interval:s:1 { print(@usecs); clear(@usecs); }
END { print(@usecs); clear(@usecs); }
"""
ROW = re.compile(r"[\[(](?:\.\.\., )?(-?\d+)([KM]?)(?:, [^)]*)?[\])] *(\d+) \|[@ ]*\|")
RENAME, COPY = "create", "copytruncate"


class Bpftrace:
    """Appends to a log until it is interrupted."""

    def __init__(self, log, script, errors):
        with open(log, "ab") as out, open(errors, "ab") as err:
            self._process = harness.spawn(["bpftrace", script], out, err)

    def running(self):
        return self._process.poll() is None

    def end(self):
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(harness.PATIENCE)


class RealBpftrace(harness.EndToEnd):
    def setUp(self):
        super().setUp()
        for program in ("bpftrace", "logrotate"):
            self.assertTrue(shutil.which(program), f"{program} is not installed")
        port = self.reserved_port()
        self.carbon = CarbonCache(self.folder / "carbon", port)
        self.close_later(self.carbon.stop)
        self.carbon.start()
        listen = self.reserved_port()
        listen.close()
        self.spool = self.daemon(
            [destination(port.url, confirm_every="5s", backoff_max="2s")], [{"type": "graphite", "listen": [listen.url]}]
        ).start()
        self.log = self.folder / "lat.log"
        self.log.write_bytes(b"")
        self.script = self.folder / "lat.bt"
        self.script.write_text(SCRIPT)
        self.first = self.last_run = math.floor(time.time())

    def bpftrace(self):
        made = Bpftrace(self.log, self.script, self.folder / "bpftrace.err")
        self.close_later(lambda: made.running() and made.end())
        return made

    def rotate(self, how):
        """As cron would."""
        rules = self.folder / "logrotate.conf"
        rules.write_text(f"{self.log} {{\nrotate 9\ncompress\ndelaycompress\n{how}\n}}\n")
        command = ["logrotate", "-f", "-s", self.folder / "logrotate.state", rules]
        subprocess.run([*map(str, command)], check=True, timeout=harness.PATIENCE)

    def wait_for_block(self, bpftrace):
        """Until an interval was just written: a rotation that copies loses what comes between copy and truncation."""
        size = self.log.stat().st_size
        wait_until(lambda: self.log.stat().st_size > size or not bpftrace.running(), "an interval is written")
        self.assertTrue(bpftrace.running(), (self.folder / "bpftrace.err").read_text())

    def read_log(self):
        """A run of its own second: two points of one second are one in a Whisper file."""
        wait_until(lambda: time.time() >= self.last_run + 1, "the next second begins")
        self.last_run = math.floor(time.time())
        return harness.run_program(
            "logster", "--config", self.spool.file, "-s", self.folder / "states", "-o", "graphite", "-p", "e2e",
            "--parser-options", "--metric lat --maps @usecs", "bpftrace", self.log,
        )  # fmt: skip

    def read_well(self):
        done = self.read_log()
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_every_count_arrives_once(self):
        self.read_well()
        bpftrace = self.bpftrace()
        for how in (None, COPY, None):
            self.wait_for_block(bpftrace)
            if how:
                self.rotate(how)
            self.read_well()
        self.carbon.stop()
        # Two rotations between two runs.
        for _ in range(2):
            self.wait_for_block(bpftrace)
            self.rotate(COPY)
        self.spool.kill()
        self.assertEqual(self.read_log().returncode, 1)
        self.spool.start()
        self.wait_for_block(bpftrace)
        self.read_well()
        # bpftrace keeps to the file that it has: who renames it starts it anew.
        self.assertEqual(bpftrace.end(), 0)
        self.rotate(RENAME)
        bpftrace = self.bpftrace()
        self.wait_for_block(bpftrace)
        self.read_well()
        self.carbon.start()
        self.wait_for_block(bpftrace)
        self.assertEqual(bpftrace.end(), 0)
        self.read_well()

        expected = self.expected()
        self.assertGreater(sum(expected.values()), 100)
        names = [f"e2e.lat.{bound}" for bound in expected]

        def stored():
            return {
                name: sum(self.carbon.slots_of(name, self.first, self.last_run).values()) for name in names
            }

        self.spool.wait_delivered()
        harness.wait_until_still(stored, 3, "carbon-cache writes what it got")
        self.assertEqual(stored(), {f"e2e.lat.{bound}": count for bound, count in expected.items()})
        self.assert_adds_up(self.spool.now())

    def expected(self):
        """What bpftrace itself says of all intervals of all runs."""
        counts = Counter()
        for file in self.folder.glob("lat.log*"):
            text = subprocess.run(["zcat", "-f", file], check=True, capture_output=True, text=True).stdout
            for block in re.findall(r"^@expected: ?\n((?:[\[(].*\n)+)", text, re.MULTILINE):
                for bound, unit, count in ROW.findall(block):
                    counts[int(bound) * {"": 1, "K": 1024, "M": 1 << 20}[unit]] += int(count)
        return counts


if __name__ == "__main__":
    harness.main()
