"""`carbon-spool queue`: what waits is looked at, written out, dropped, handed over; live and stopped."""

import contextlib
import os
import pty
import select
import signal
import subprocess

import harness
import points
from harness import destination, find, send, wait_until

POINTS = 20_000


class QueueTools(harness.EndToEnd):
    def setUp(self):
        super().setUp()
        self.nowhere = self.reserved_port()

    def waiting(self, *names, count=POINTS, **tables):
        """A daemon for which `count` points wait, for each of those destinations."""
        daemon = self.daemon([destination(self.nowhere.url, name) for name in names], **tables).start()
        self.assertTrue(send(daemon.listening(), points.plain(0, count)))
        return daemon

    def queue(self, daemon, *arguments, code=0):
        done = daemon.command("queue", *arguments)
        self.assertEqual(done.returncode, code, done.stdout[-500:] + done.stderr)
        return done.stdout if code == 0 else done.stderr

    def each_way(self, daemon):
        """Once while it runs, once when it has stopped, once after a kill."""
        yield "live"
        self.assertEqual(daemon.terminate(), 0)
        yield "stopped"
        daemon.start()
        daemon.kill()
        yield "killed"

    def test_export_writes_out_what_waits_and_changes_nothing(self):
        daemon = self.waiting("a", "b")
        for way in self.each_way(daemon):
            with self.subTest(way):
                self.assertEqual(self.queue(daemon, "export", "--destination", "a"), points.plain(0, POINTS).decode())
                self.assertEqual(self.queue(daemon, "export"), points.plain(0, POINTS).decode())
                some = self.queue(daemon, "export", "--path", "load.i0000012?", "--from", "1700000124")
                self.assertEqual(some, points.plain(124, 130).decode())
                none = self.queue(daemon, "export", "--destination", "c", code=1)
                self.assertIn('no destination "c"', none)
        daemon.start()
        self.assertEqual(daemon.to("a")["points_pending"], POINTS)
        self.assert_adds_up(daemon.now())

    def test_what_was_exported_can_be_sent_to_a_server(self):
        daemon = self.waiting("a")
        checks = points.CheckList(POINTS)
        receiver = self.receiver(checks).start()
        self.assertTrue(send(receiver.url, self.queue(daemon, "export").encode()))
        wait_until(lambda: checks.total >= POINTS, "the points arrive")
        self.assert_all_arrived(checks, 0, POINTS)

    def test_peek_shows_the_oldest(self):
        daemon = self.waiting("a")
        for way in self.each_way(daemon):
            with self.subTest(way):
                shown = self.queue(daemon, "peek", "--destination", "a", "--limit", "3").splitlines()
                self.assertRegex(shown[0], rf"^{POINTS} points in \d+ batch(es)? wait for a")
                self.assertRegex(shown[1], r"^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ  load\.i00000000 00000000 1700000000$")
                self.assertEqual(len(shown), 5)
                self.assertIn("--limit", shown[4])
                one = self.queue(daemon, "peek", "--path", "*19999").splitlines()
                self.assertTrue(one[1].endswith("load.i00019999 00019999 1700019999"), one)
                self.assertEqual(len(one), 2)
        self.assertIn("--from", self.queue(daemon, "peek", "--from", "yesterday", code=2))

    def test_verify_reads_everything_and_names_what_it_cannot_read(self):
        daemon = self.waiting("a", count=400_000, queue={"max_size": "16MiB"})
        for way in self.each_way(daemon):
            with self.subTest(way):
                self.assertRegex(self.queue(daemon, "verify"), r"^\d+ batches with 400000 points were read, all of them")
        table = max(daemon.queue.glob("*.sst"), key=lambda file: file.stat().st_size)
        with table.open("r+b") as file:
            file.seek(table.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 0x10]))
        said = self.queue(daemon, "verify", code=1)
        self.assertRegex(said, r"batch \d+ cannot be read")
        self.assertRegex(said, r"[1-9]\d* of \d+ batches cannot be read")
        self.assertRegex(self.queue(daemon, "export", code=1), "batches are left out")

    def test_purge_drops_what_waits_for_one_destination_and_counts_it(self):
        daemon = self.waiting("a", "b")
        self.assertIn("--yes", self.queue(daemon, "purge", "--destination", "a", code=2))
        self.assertIn("--all", self.queue(daemon, "purge", "--yes", code=2))
        self.assertIn("a, b", self.queue(daemon, "purge", "--destination", "c", "--yes", code=1))
        self.queue(daemon, "purge", "--destination", "a", "--older-than", "1h", "--yes")
        self.assertEqual(daemon.to("a")["points_pending"], POINTS)

        self.assertIn(str(POINTS), self.queue(daemon, "purge", "--destination", "a", "--yes"))
        self.assertEqual(daemon.to("a")["points_pending"], 0)
        self.assertEqual(daemon.to("a")["dropped"]["purged"], POINTS)
        self.assertEqual(daemon.to("b")["points_pending"], POINTS)
        self.assert_adds_up(daemon.now())

        self.assertEqual(daemon.terminate(), 0)
        self.queue(daemon, "purge", "--all", "--yes")
        self.assertEqual(daemon.to("b")["dropped"]["purged"], POINTS)
        self.assertEqual(daemon.to("a")["dropped"]["purged"], POINTS)
        self.assertEqual(self.queue(daemon, "export"), "")

    def test_purge_asks_twice(self):
        daemon = self.waiting("a")
        for answers, dropped in ((["n"], 0), (["y", "b"], 0), (["y", "a"], POINTS)):
            terminal, inside = pty.openpty()
            command = [harness.PROGRAM, "queue", "purge", "--destination", "a", "--config", str(daemon.file)]
            purge = harness.spawn(command, inside, inside, stdin=inside)
            os.close(inside)
            screen = bytearray()

            def shows(text):
                if select.select([terminal], [], [], 0)[0]:
                    with contextlib.suppress(OSError):  # EIO: the other side is gone
                        screen.extend(os.read(terminal, 65536))
                return text in screen

            for answer, question in zip(answers, (b"[y/N] ", b"to go on: ")):
                wait_until(lambda: shows(question), "a question")
                os.write(terminal, answer.encode() + b"\n")
            wait_until(lambda: shows(b"never shown") or purge.poll() is not None, "its end")
            os.close(terminal)
            self.assertEqual(daemon.to("a")["points_dropped_total"], dropped)

    def test_an_orphan_is_adopted_or_purged(self):
        daemon = self.waiting("old", "gone")
        checks = points.CheckList(POINTS + 1000)
        receiver = self.receiver(checks)
        daemon.configure([destination(receiver.url, "new")])
        daemon.process.send_signal(signal.SIGHUP)
        wait_until(lambda: "new" in [one["name"] for one in daemon.now()["destinations"]], "the new destination")
        self.assertTrue(send(daemon.listening(), points.plain(POINTS, POINTS + 1000)))
        self.assertIn("no orphan", self.queue(daemon, "adopt", "new", "old", code=1))

        self.assertIn(str(POINTS), self.queue(daemon, "adopt", "old", "new"))
        self.assertEqual(daemon.to("new")["points_pending"], POINTS + 1000)
        self.queue(daemon, "purge", "--destination", "gone", "--yes")
        self.assertEqual([one["name"] for one in daemon.now()["destinations"]], ["new"])
        receiver.start()
        daemon.wait_delivered("new")
        self.assert_all_arrived(checks, 0, POINTS + 1000)
        self.assertEqual(daemon.to("new")["points_resent_total"], 0)
        self.assert_adds_up(daemon.now())
        self.assertEqual(daemon.terminate(), 0)
        self.assertEqual([one["name"] for one in daemon.now()["destinations"]], ["new"])

    def test_a_stopped_queue_hands_a_position_over(self):
        daemon = self.waiting("old")
        self.assertEqual(daemon.terminate(), 0)
        checks = points.CheckList(POINTS)
        daemon.configure([destination(self.receiver(checks).start().url, "new")])
        self.queue(daemon, "adopt", "old", "new")
        daemon.start()
        daemon.wait_delivered("new")
        self.assert_all_arrived(checks, 0, POINTS)

    def test_where_no_queue_is_none_is_made(self):
        daemon = self.daemon([destination(self.nowhere.url, "a")])
        for command in (["peek"], ["export"], ["verify"], ["purge", "--destination", "a", "--yes"], ["adopt", "x", "a"]):
            self.assertIn("no queue here", self.queue(daemon, *command, code=1))
        self.assertFalse(daemon.queue.exists())

    def test_a_reader_that_goes_away_does_not_harm_the_daemon(self):
        daemon = self.waiting("a")
        command = [harness.PROGRAM, "queue", "export", "--config", str(daemon.file)]
        for _ in range(5):
            export = harness.spawn(command, subprocess.PIPE, subprocess.DEVNULL)
            self.assertEqual(export.stdout.read(4), b"load")
            export.stdout.close()
            self.assertNotEqual(export.wait(harness.PATIENCE), 0)
        self.assertEqual(find(daemon.now()["destinations"], "a")["points_pending"], POINTS)


if __name__ == "__main__":
    harness.main()
