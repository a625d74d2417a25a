"""What the tests of inputs that follow log files stand on."""

import signal

import harness
import points
from harness import destination, wait_until
from log_files import Log

ROOM = 2_000_000  # numbers that a check list has room for


class TailTest(harness.EndToEnd):
    """A log of numbered points, and a daemon that follows it. A line that came twice or never is seen in
    `points_total`."""

    def setUp(self):
        super().setUp()
        self.log = Log(self.folder / "logs" / "app.log")
        self.checks = points.CheckList(ROOM)
        self.written = 0

    def tail(self, **keys):
        return {"type": "tail", "path": str(self.log.path), **keys}

    def started(self, *inputs, up=True, **tables):
        """A daemon with those inputs; by default one that reads the log from its beginning."""
        self.sink = self.receiver(self.checks)
        if up:
            self.sink.start()
        self.spool = self.daemon([destination(self.sink.url)], list(inputs) or [self.tail(start="beginning")], **tables)
        return self.spool.start()

    def write(self, count=100, path=None):
        """The next lines."""
        self.log.append(points.plain(self.written, self.written + count), path)
        self.written += count

    def accepted(self):
        return sum(one["points_total"] for one in self.spool.now()["inputs"])

    def wait_accepted(self, count=None):
        count = self.written if count is None else count
        wait_until(lambda: self.accepted() >= count, f"{count} lines are accepted")
        self.assertEqual(self.accepted(), count)

    def assert_each_once(self):
        """All lines that were written so far, and what comes after them."""
        self.write(1)
        self.wait_accepted()
        self.spool.wait_delivered()
        self.assert_all_arrived(self.checks, 0, self.written)
        self.assertEqual(self.accepted(), self.written)
        self.assert_adds_up(self.spool.now())

    def kill_and_start(self):
        self.spool.kill()
        self.spool.start()

    def reload(self, *inputs):
        before = self.spool.log_text().count("reloaded")
        self.spool.configure([destination(self.sink.url)], list(inputs))
        self.spool.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.spool.log_text().count("reloaded") > before, "the reload is over")
        self.assertNotIn("not reloaded", self.spool.log_text())
