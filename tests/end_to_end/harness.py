"""What every end-to-end test stands on: a folder of its own, the daemon as a child process, its
status, and clients. Nothing here knows the code, only the commands, the configuration and the JSON.
"""

import re
import shutil
import signal
import sys
import tempfile
import unittest
from pathlib import Path

import peers

# Tests have all of it from here.
from clients import connect, ended_cleanly, half_close, send  # noqa: F401
from daemon import Daemon, ReceiveCommand, destination, disk_use, find  # noqa: F401
from running import (  # noqa: F401
    LONG,
    MIB,
    PATIENCE,
    PROGRAM,
    SANITIZED,
    Background,
    Sampler,
    long_only,
    run_program,
    sized,
    spawn,
    wait_until,
    wait_until_still,
)

_SANITIZER_FINDING = re.compile(
    r"(ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|: runtime error: ).*"
)


class EndToEnd(unittest.TestCase):
    """A test with a folder of its own. On failure the daemons' logs are shown and kept."""

    maxDiff = None

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="carbon-spool-e2e-"))
        self._daemons = []
        self._closers = []
        self.addCleanup(self._clean_up)

    def close_later(self, closer):
        """Runs after the daemons have stopped."""
        self._closers.append(closer)

    def daemon(self, destinations, inputs=None, name="daemon", **tables):
        """A daemon that is stopped in order, and must stop well, at the end of the test."""
        made = Daemon(self.folder / name, destinations, inputs, **tables)
        self._daemons.append(made)
        return made

    def receiver(self, take, kind=peers.Receiver, **keys):
        made = kind(take, **keys)
        self.close_later(made.close)
        return made

    def reserved_port(self):
        made = peers.ReservedPort()
        self.close_later(made.close)
        return made

    def receive_command(self, port):
        made = ReceiveCommand(self.folder, port)
        self.close_later(lambda: made.process and made.process.poll() is None and made.kill())
        return made

    def assert_adds_up(self, status):
        """The identity of the numbers of every destination, and of every cluster that shares a reader."""
        shared = [each["reader"] for each in status["clusters"] if each["reader"]]
        for one in status["destinations"] + shared:
            dropped = sum(one["dropped"].values())
            self.assertEqual(one["points_dropped_total"], dropped, one)
            self.assertEqual(
                one["points_received_total"],
                one["points_acknowledged_total"] + one["points_pending"] + dropped
                + one["points_routed_elsewhere_total"],
                one,
            )  # fmt: skip
            self.assertLessEqual(one["points_unconfirmed"], one["points_pending"], one)
        for one in status["inputs"]:
            self.assertEqual(one["rejected_total"], sum(one["rejected"].values()), one)

    def assert_all_arrived(self, checks, first, last):
        missing = checks.missing(first, last)
        self.assertEqual(missing[:10], [], f"{len(missing)} of {last - first} points are missing")
        self.assertEqual(checks.strange, 0, checks.strange_examples)

    def _clean_up(self):
        failed = not self._outcome.success  # where unittest keeps it
        try:
            for daemon in self._daemons:
                self._end(daemon)
        except BaseException:
            failed = True
            raise
        finally:
            for closer in self._closers:
                closer()
            if failed:
                self._show_logs()
            else:
                shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self, daemon):
        if daemon.running:
            self.assertEqual(daemon.terminate(), 0, "the daemon's exit code after SIGTERM")
        elif daemon.process is not None:
            self.assertIn(daemon.process.returncode, (0, -signal.SIGKILL), "the daemon died by itself")
        finding = _SANITIZER_FINDING.search(daemon.log_text())
        self.assertIsNone(finding, finding and finding.group())

    def _show_logs(self):
        for daemon in self._daemons:
            print(f"--- {daemon.log}, its end\n{daemon.log_tail()}", file=sys.stderr)
            shutil.rmtree(daemon.queue, ignore_errors=True)
        for file in self.folder.glob("received-*"):
            file.unlink()
        print(f"--- logs are kept in {self.folder}", file=sys.stderr)


def main():
    unittest.main(verbosity=2, warnings="ignore")
