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
OUTAGE = harness.sized(6, 20, 6)  # seconds without carbon-cache


class Bpftrace:
    """Writes to a log until it is interrupted: appending as with `>>`, or from its own offset as with `>`."""

    def __init__(self, log, script, errors, mode):
        with open(log, mode) as out, open(errors, "ab") as err:
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
        self.log = self.folder / "lat.log"
        self.log.write_bytes(b"")
        tail = {
            "type": "tail", "path": str(self.log), "start": "beginning", "parser": "bpftrace", "metric": "lat",
            "maps": ["@usecs"], "flush_interval": "1s", "prefix": "e2e", "hostname_method": "none",
        }  # fmt: skip
        self.spool = self.daemon([destination(port.url, confirm_every="5s", backoff_max="2s")], [tail]).start()
        self.script = self.folder / "lat.bt"
        self.script.write_text(SCRIPT)
        self.first = math.floor(time.time())

    def bpftrace(self, mode="ab"):
        made = Bpftrace(self.log, self.script, self.folder / "bpftrace.err", mode)
        self.close_later(lambda: made.running() and made.end())
        return made

    def rotate(self, how):
        """As cron would."""
        rules = self.folder / "logrotate.conf"
        rules.write_text(f"{self.log} {{\nrotate 99\ncompress\ndelaycompress\n{how}\n}}\n")
        command = ["logrotate", "-f", "-s", self.folder / "logrotate.state", rules]
        subprocess.run([*map(str, command)], check=True, timeout=harness.PATIENCE)

    def wait_for_block(self, bpftrace, path=None):
        """Until an interval was just written: a rotation that copies loses what comes between copy and truncation."""
        path = path or self.log
        size = path.stat().st_size
        wait_until(lambda: path.stat().st_size > size or not bpftrace.running(), "an interval is written")
        self.assertTrue(bpftrace.running(), (self.folder / "bpftrace.err").read_text())

    def restart(self, bpftrace):
        """It keeps to the file that it has: who renames that starts it anew."""
        self.assertEqual(bpftrace.end(), 0)
        return self.bpftrace("wb")

    def test_every_count_arrives_once(self):
        bpftrace = self.bpftrace()
        self.wait_for_block(bpftrace)
        self.rotate(COPY)
        self.wait_for_block(bpftrace)
        self.carbon.stop()
        away = time.monotonic()
        for how in (COPY, RENAME):
            self.wait_for_block(bpftrace)
            self.rotate(how)
        # It writes on in the renamed file, and the new one stays empty.
        self.wait_for_block(bpftrace, self.log.with_name("lat.log.1"))
        self.spool.kill()
        self.wait_for_block(bpftrace, self.log.with_name("lat.log.1"))
        self.spool.start()
        bpftrace = self.restart(bpftrace)
        while time.monotonic() - away < OUTAGE:
            for how in (COPY, RENAME):
                self.wait_for_block(bpftrace)
                self.rotate(how)
                bpftrace = self.restart(bpftrace) if how == RENAME else bpftrace
        self.carbon.start()
        self.wait_for_block(bpftrace)
        self.assertEqual(bpftrace.end(), 0)

        expected = {f"e2e.lat.{bound}": count for bound, count in self.expected().items()}
        self.assertGreater(sum(expected.values()), 100)

        def stored():
            last = math.ceil(time.time()) + 1
            return {name: sum(self.carbon.slots_of(name, self.first, last).values()) for name in expected}

        # What has no blank line behind it counts after ten seconds.
        wait_until(lambda: sum(stored().values()) >= sum(expected.values()), "all counts are in the Whisper files")
        self.spool.wait_delivered()
        self.assertEqual(harness.wait_until_still(stored, 3, "nothing more comes"), expected)
        status = self.spool.now()
        self.assert_adds_up(status)
        self.assertEqual(status["destinations"][0]["points_dropped_total"], 0)

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
